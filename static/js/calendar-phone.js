// A phone opens the calendar as a list, before anything is drawn; "Day" and "Week" in the address are kept.
"use strict";
if (window.matchMedia("(max-width: 700px)").matches && !new URLSearchParams(window.location.search).has("view")) {
  const url = new URL(window.location.href);
  url.searchParams.set("view", "list");
  window.location.replace(url);
}
