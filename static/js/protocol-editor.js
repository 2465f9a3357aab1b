// The editor of a draft. Every form works without this: it adds arrow keys in the grid of depths, sources that become chips
// as they are named, a mark for what is not saved, and Ctrl Enter.
"use strict";

const form = document.querySelector("form[data-edit]");

// Arrow keys: up and down keep the column; left and right go on at the end of the text.
const grid = document.querySelector("[data-grid]");
const cells = grid ? [...grid.querySelectorAll("input[data-row]")] : [];
const across = (cell, step) => {
  const row = cells.filter((one) => one.dataset.row === cell.dataset.row);
  return row[row.indexOf(cell) + step];
};
const down = (cell, step) => {
  const column = cells.filter((one) => one.dataset.col === cell.dataset.col);
  return column[column.indexOf(cell) + step];
};
grid?.addEventListener("keydown", (event) => {
  const cell = event.target.closest("input[data-row]");
  if (!cell || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const { selectionStart: start, selectionEnd: end, value } = cell;
  const whole = start === 0 && end === value.length;
  let next;
  if (event.key === "ArrowDown") next = down(cell, 1);
  else if (event.key === "ArrowUp") next = down(cell, -1);
  else if (event.key === "ArrowRight" && (whole || start === value.length)) next = across(cell, 1);
  else if (event.key === "ArrowLeft" && (whole || end === 0)) next = across(cell, -1);
  else return;
  event.preventDefault();
  if (next) {
    next.focus();
    next.select();
  }
});

// A source that is named becomes a chip at once, so that several can be added one after the other.
const known = new Set([...document.querySelectorAll("#sources option")].map((option) => option.value));
const chip = (input) => {
  const name = input.value.trim();
  if (!known.has(name)) return false;
  const path = input.name.slice(0, -"::add".length);
  const box = input.closest(".srcs");
  const there = [...box.querySelectorAll("input[type=checkbox]")].find((one) => one.value === name);
  if (there) there.checked = true;
  else {
    const label = document.createElement("label");
    label.className = "srcchip";
    const tick = document.createElement("input");
    Object.assign(tick, { type: "checkbox", name: path, value: name, checked: true });
    const text = document.createElement("span");
    text.textContent = name;
    label.append(tick, text);
    box.insertBefore(label, input.closest(".addsrc"));
  }
  input.value = "";
  document.getElementById("live").textContent = interpolate(gettext("%(name)s added"), { name }, true);
  return true;
};
document.addEventListener("keydown", (event) => {
  const input = event.target.closest?.("[data-add-source]");
  if (input && event.key === "Enter" && input.value.trim()) {
    chip(input);
    event.preventDefault();
  }
});
document.addEventListener("change", (event) => {
  const input = event.target.closest?.("[data-add-source]");
  if (input) chip(input);
});

// What was typed and not saved is said, and the browser asks before it is lost.
let unsaved = document.querySelector("#problem, #meeting, #gone") !== null;
const mark = () => {
  const note = document.querySelector("[data-unsaved]");
  if (note) note.hidden = !unsaved;
};
form?.addEventListener("input", () => {
  unsaved = true;
  mark();
});
form?.addEventListener("submit", () => {
  unsaved = false;
});
window.addEventListener("beforeunload", (event) => {
  if (unsaved && form) event.preventDefault();
});
mark();

document.addEventListener("keydown", (event) => {
  if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});

// A link into the page opens what is folded round it.
const open = () => {
  const target = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
  target?.closest("details")?.setAttribute("open", "");
  const control = target?.matches("fieldset") ? target.querySelector("[data-add-source], summary") : null;
  control?.focus({ preventScroll: true });
};
window.addEventListener("hashchange", open);
if (window.location.hash) open();
