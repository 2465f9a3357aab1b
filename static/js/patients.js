// The patients list: arrow keys from the search box into what was found and back.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const box = document.getElementById("people");
  const links = [...document.querySelectorAll("#found tbody th a")];
  const here = links.indexOf(document.activeElement);
  if (document.activeElement !== box && here < 0) return;
  const next = here + (event.key === "ArrowDown" ? 1 : -1);
  const target = next < 0 ? box : links[next];
  if (!target) return;
  target.focus();
  event.preventDefault();
});
