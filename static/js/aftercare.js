// Sheets are asked about only while somebody looks: a hidden page asks nothing, and a seen one asks at once.
"use strict";

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches("[data-poll]") && document.hidden) event.preventDefault();
});
