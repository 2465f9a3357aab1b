// A code read by the camera, for every field a scanner types into. Where the browser cannot read codes it says so, and what to do.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const FORMATS = ["data_matrix", "qr_code", "code_128", "ean_13", "itf"];
  const WORDS = {
    none: gettext("This browser cannot read codes with the camera. Type it, or use the scanner."),
    NotAllowedError: gettext("The camera is not allowed on this page. Allow it in the browser, or type it, or use the scanner."),
    NotFoundError: gettext("There is no camera here. Type it, or use the scanner."),
    NotReadableError: gettext("Another program holds the camera. Close that, or type it, or use the scanner."),
    nothing: gettext("No code was read. Hold it closer and in the light. Or type it, or use the scanner."),
  };
  const LONG = 20000, EVERY = 200; // milliseconds

  const reads = (async () => {
    if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return null;
    const known = await BarcodeDetector.getSupportedFormats().catch(() => []);
    const formats = FORMATS.filter((name) => known.includes(name));
    return formats.length ? new BarcodeDetector({ formats }) : null;
  })();

  const view = document.createElement("dialog");
  view.className = "scan-view";
  view.setAttribute("aria-label", gettext("Read a code with the camera"));
  const video = document.createElement("video"), said = document.createElement("p"), close = document.createElement("button");
  video.muted = video.playsInline = true;
  said.setAttribute("role", "status");
  close.type = "button";
  close.className = "btn lg";
  close.textContent = gettext("Close");
  view.append(video, said, close);
  document.body.append(view);
  close.addEventListener("click", () => view.close());

  let stream = null, field = null;
  view.addEventListener("close", () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    field?.focus();
  });

  function tell(words, pictures) {
    said.textContent = words;
    video.hidden = !pictures;
    if (!view.open) view.showModal();
  }

  async function read(into) {
    field = into;
    const detector = await reads;
    if (!detector) return tell(WORDS.none, false);
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch (error) {
      return tell(WORDS[error.name] || WORDS.none, false);
    }
    video.srcObject = stream;
    tell(gettext("Hold the code of the pack before the camera."), true);
    video.play().catch(() => {}); // not waited for: what cannot be read yet is looked at again
    const until = Date.now() + LONG;
    while (view.open && Date.now() < until) {
      const found = await detector.detect(video).catch(() => []);
      if (found.length && view.open) return took(found[0].rawValue);
      await new Promise((done) => setTimeout(done, EVERY));
    }
    if (view.open) tell(WORDS.nothing, true);
  }

  // As the scanner does it: the text in the field, then Enter, which sends it at once.
  function took(text) {
    view.close();
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
  }

  // A keyboard scanner ends with Enter, which must not send a form that is not filled in yet. The record sees to its own fields.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches?.("[data-scan]") && !event.target.closest("#record")) event.preventDefault();
  });

  for (const input of document.querySelectorAll("[data-scan]")) {
    const row = document.createElement("span"), button = document.createElement("button");
    const label = document.querySelector(`label[for="${input.id}"]`)?.textContent.trim() || gettext("Code");
    row.className = "with-camera";
    button.type = "button";
    button.className = "btn camera";
    button.textContent = gettext("Camera");
    button.setAttribute("aria-label", interpolate(gettext("%(label)s: read with the camera"), { label }, true));
    button.addEventListener("click", () => read(input));
    input.before(row);
    row.append(input, button);
  }
});
