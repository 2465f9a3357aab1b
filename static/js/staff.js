// The slip with somebody's link can be printed by a button; the browser's own menu does the same.
"use strict";

document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
