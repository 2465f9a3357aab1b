// Two pictures, moved and enlarged together; one slid over the other; flipped while Space is held.
(() => {
  const compare = document.getElementById("compare");
  if (!compare) return;
  const part = (id) => document.getElementById(id);
  const pair = part("pair"), slide = part("slide"), says = part("zoom-says");
  const frame = pair.querySelector(".frame");
  const STEP = 1.4, MOST = 6, MOVE = 40; // times, times, pixels
  let zoom = 1, x = 0, y = 0, drag = null;
  part("tools").hidden = false;

  function place() {
    const box = frame.getBoundingClientRect();
    const reach = {x: box.width * (zoom - 1) / 2, y: box.height * (zoom - 1) / 2};
    x = Math.max(-reach.x, Math.min(reach.x, x));
    y = Math.max(-reach.y, Math.min(reach.y, y));
    pair.style.setProperty("--zoom", zoom);
    pair.style.setProperty("--x", `${x}px`);
    pair.style.setProperty("--y", `${y}px`);
  }

  function enlarge(times) {
    const before = zoom;
    zoom = Math.max(1, Math.min(MOST, zoom * times));
    x *= zoom / before;
    y *= zoom / before;
    place();
    says.textContent = zoom === 1 ? "" : interpolate(gettext("%(zoom)s times"), {zoom: Math.round(zoom * 10) / 10}, true);
  }

  function flip(on) {
    compare.toggleAttribute("data-flipped", on);
    part("swap").setAttribute("aria-pressed", on);
  }

  part("closer").addEventListener("click", () => enlarge(STEP));
  part("farther").addEventListener("click", () => enlarge(1 / STEP));
  part("whole").addEventListener("click", () => enlarge(1 / zoom));
  slide.addEventListener("input", () => pair.style.setProperty("--cut", `${slide.value}%`));
  for (const mode of compare.querySelectorAll("input[name=mode]")) {
    mode.addEventListener("change", () => {
      compare.dataset.mode = mode.value;
      part("slide-row").hidden = mode.value !== "slide";
      place();
      if (mode.value === "slide") slide.focus();
    });
  }

  const swap = part("swap");
  swap.addEventListener("pointerdown", () => flip(true));
  for (const over of ["pointerup", "pointerleave", "pointercancel", "blur"]) swap.addEventListener(over, () => flip(false));
  const typed = (target) => target.closest("input:not([type=range]), select, textarea, [contenteditable], summary");
  const pressed = (target) => target.closest("a, button:not(#swap)");
  addEventListener("keydown", (event) => {
    if (event.code !== "Space" || typed(event.target) || pressed(event.target) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    flip(true);
  });
  addEventListener("keyup", (event) => event.code === "Space" && flip(false));
  addEventListener("blur", () => flip(false));

  // After a press by mouse or finger, Space is free to flip and the arrows to move; who came by keyboard stays where they are.
  part("tools").addEventListener("click", (event) => {
    if (event.detail > 0 && event.target.closest("button:not(#swap)")) pair.focus({preventScroll: true});
  });

  pair.addEventListener("keydown", (event) => {
    const way = {ArrowLeft: [MOVE, 0], ArrowRight: [-MOVE, 0], ArrowUp: [0, MOVE], ArrowDown: [0, -MOVE]}[event.key];
    if (way && zoom > 1) {
      x += way[0];
      y += way[1];
      place();
    } else if (event.key === "+" || event.key === "=") enlarge(STEP);
    else if (event.key === "-") enlarge(1 / STEP);
    else return;
    event.preventDefault();
  });
  pair.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && zoom === 1 && event.deltaY > 0) return; // the page scrolls on
    event.preventDefault();
    enlarge(event.deltaY < 0 ? 1.15 : 1 / 1.15);
  }, {passive: false});
  pair.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    drag = {id: event.pointerId, x: event.clientX - x, y: event.clientY - y};
    pair.setPointerCapture(event.pointerId);
  });
  pair.addEventListener("pointermove", (event) => {
    if (drag?.id !== event.pointerId) return;
    x = event.clientX - drag.x;
    y = event.clientY - drag.y;
    place();
  });
  for (const over of ["pointerup", "pointercancel"]) pair.addEventListener(over, () => { drag = null; });
  addEventListener("resize", place);
})();
