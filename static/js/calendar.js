// The calendar's single keys, and opening at the present moment. Nothing here is needed to use it.
"use strict";

document.addEventListener("keydown", (event) => {
  if (!("keys" in document.body.dataset) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  document.querySelector(`.tools [data-key="${CSS.escape(event.key)}"]`)?.click();
});

document.addEventListener("DOMContentLoaded", () => {
  const now = document.getElementById("now");
  const calendar = document.querySelector(".cal");
  if (!now || !calendar) return;
  calendar.scrollTop = Math.max(0, now.getBoundingClientRect().top - calendar.getBoundingClientRect().top - calendar.clientHeight / 3);
});
