// The camera of the tablet, with the last picture of the view laid over it. What is taken goes into the form's own file field; without a
// camera, or without this script, a file is chosen there.
(() => {
  const form = document.getElementById("take");
  if (!form) return;
  const part = (id) => document.getElementById(id);
  const finder = part("finder"), video = part("live-picture"), still = part("still"), says = part("camera-says");
  const file = form.elements.picture, way = form.elements.way;
  const buttons = {start: part("start"), shutter: part("shutter"), again: part("again"), flip: part("flip")};
  const MOST = 3000; // pixels on the longer side
  let stream = null, facing = "environment";

  part("ghost-on")?.addEventListener("change", (event) => finder.classList.toggle("no-ghost", !event.target.checked));
  part("shoot").hidden = false;
  if (!navigator.mediaDevices?.getUserMedia) {
    buttons.start.hidden = true;
    says.textContent = gettext("This browser gives no camera here. Choose a file.");
  }

  function show(...names) {
    for (const [name, button] of Object.entries(buttons)) button.hidden = !names.includes(name);
  }

  function stop() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.srcObject = null;
    video.hidden = true;
  }

  async function start() {
    stop();
    says.textContent = "";
    try {
      stream = await navigator.mediaDevices.getUserMedia({audio: false, video: {facingMode: facing, width: {ideal: 4096}, height: {ideal: 3072}}});
    } catch (error) {
      says.textContent = error.name === "NotAllowedError" ? gettext("The camera is not allowed. Allow it in the browser, or choose a file.")
        : gettext("No camera was found. Choose a file.");
      show("start");
      return;
    }
    video.srcObject = stream;
    video.classList.toggle("mirrored", facing === "user");
    video.hidden = false;
    still.hidden = true;
    finder.classList.remove("has-still");
    await video.play();
    show("shutter", "flip");
    buttons.shutter.focus();
  }

  function draw(source, width, height) {
    const scale = Math.min(1, MOST / Math.max(width, height));
    still.width = Math.round(width * scale);
    still.height = Math.round(height * scale);
    still.getContext("2d").drawImage(source, 0, 0, still.width, still.height);
    still.hidden = false;
    finder.classList.add("has-still");
  }

  function shoot() {
    draw(video, video.videoWidth, video.videoHeight);
    still.toBlob((blob) => {
      const made = new DataTransfer();
      made.items.add(new File([blob], "camera.jpg", {type: "image/jpeg"}));
      file.files = made.files;
      way.value = "camera";
      part("of-a-file").hidden = true;
      stop();
      show("again");
      says.textContent = gettext("Taken. Keep it, or take it again.");
      part("keep").focus();
    }, "image/jpeg", 0.95);
  }

  // A file is shown as well, where the browser can read it.
  file.addEventListener("change", async () => {
    way.value = "";
    part("of-a-file").hidden = false;
    const chosen = file.files[0];
    still.hidden = true;
    finder.classList.remove("has-still");
    if (!chosen) return;
    try {
      const picture = await createImageBitmap(chosen);
      draw(picture, picture.width, picture.height);
      picture.close();
    } catch {
      says.textContent = "";
    }
  });

  buttons.start.addEventListener("click", start);
  buttons.shutter.addEventListener("click", shoot);
  buttons.again.addEventListener("click", start);
  buttons.flip.addEventListener("click", () => {
    facing = facing === "user" ? "environment" : "user";
    start();
  });
  // A refusal swaps the fields that say how it was taken; of a picture taken here no day is asked.
  document.addEventListener("htmx:afterSettle", () => { part("of-a-file").hidden = way.value === "camera"; });
  addEventListener("pagehide", stop);
  // A covered or left screen films nobody.
  document.addEventListener("visibilitychange", () => document.hidden && stream && (stop(), show("start")));
})();
