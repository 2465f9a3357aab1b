// The page of the lock, where a page was asked for while locked. Works without this; with it, tabs agree and what was sent goes out.
"use strict";

document.querySelector("form[data-send-again]")?.requestSubmit();

const waits = document.querySelector("form[data-again]");
if (waits && "BroadcastChannel" in window) {
  new BroadcastChannel("clinic-desk").addEventListener("message", ({ data }) => {
    if (data.opened || data.gone) window.location.replace(waits.dataset.again);
  });
}
