// Shared behaviour of every page: focus after a failed save, "/" to find, "g" then a letter to go.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const first = document.querySelector("[data-focus]");
  if (first) first.focus();
});

const inField = (element) => element.closest("input, select, textarea, [contenteditable]") !== null;
let going = false;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || inField(event.target)) return;
  if (event.key === "/") {
    document.getElementById("find")?.focus();
    event.preventDefault();
  } else if (going) {
    document.querySelector(`.rail a[data-key="${CSS.escape(event.key)}"]`)?.click();
    going = false;
  } else {
    going = event.key === "g";
  }
});
