// The calendar: its keys, its drawer, its toasts. Nothing here is needed to use it: every block is a link to its page.
"use strict";

const panel = (() => {
  const drawer = () => document.getElementById("drawer");
  const isOpen = () => Boolean(drawer()?.firstElementChild);
  let opener = "";
  let quiet = false;

  const address = () => {
    const url = new URL(window.location.href);
    for (const name of ["open", "time", "clinician", "room", "patient", "kind_of", "plan"]) url.searchParams.delete(name);
    return url.pathname + url.search;
  };
  const visit = () => drawer()?.querySelector(".visit-drawer")?.dataset.visit || "";
  const mark = () => {
    for (const one of document.querySelectorAll("#board .is-open")) one.classList.remove("is-open");
    if (visit()) diary.block(visit())?.classList.add("is-open");
    const point = drawer()?.querySelector("[data-move]");
    if (point) point.hidden = !document.querySelector("#board .cal") || !diary.block(visit())?.hasAttribute("data-movable");
  };
  const hide = () => {
    if (!isOpen()) return;
    drawer().replaceChildren();
    window.history.pushState({ htmx: true }, "", address());
    mark();
  };
  const shut = () => {
    const back = (visit() && diary.block(visit())?.querySelector("a")) || document.getElementById(opener);
    hide();
    if (back?.parentElement?.parentElement?.matches(".lane")) diary.go(back);
    else (back || document.querySelector("#board .cal, #t-new"))?.focus();
  };
  const open = (url, from) => {
    opener = from?.id || from?.closest?.("li[id]")?.id || "";
    return sent(htmx.ajax("GET", url, { target: "#drawer", swap: "innerHTML show:none" }));
  };

  // ---- Drawn again: with what was typed into it, and with what was unfolded ----

  const isBox = (field) => field.type === "checkbox" || field.type === "radio";
  const changed = (field) => {
    if (isBox(field)) return field.checked !== field.defaultChecked;
    if (field.options) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
    return field.value !== field.defaultValue;
  };
  const fields = () => [...drawer().querySelectorAll("form[action] [name]:not([type=hidden])")];
  const called = (field) => `${field.form.getAttribute("action")} ${field.name} ${isBox(field) ? field.value : ""}`;
  const folds = () => [...drawer().querySelectorAll("details")].map((fold) => [fold.querySelector("summary")?.textContent.trim(), fold]);
  const kept = () => {
    const typed = new Map(fields().filter(changed).map((field) => [called(field), isBox(field) ? field.checked : field.value]));
    const unfolded = new Set(folds().filter(([, fold]) => fold.open).map(([words]) => words));
    return () => {
      for (const [words, fold] of folds()) if (unfolded.has(words)) fold.open = true;
      for (const field of fields()) {
        if (!typed.has(called(field))) continue;
        field[isBox(field) ? "checked" : "value"] = typed.get(called(field));
        if (field.closest("details")) field.closest("details").open = true;
      }
    };
  };
  const drawAgain = () => {
    const [was, putBack] = [visit(), kept()];
    return sent(htmx.ajax("GET", `/bookings/${was}/`, { target: "#drawer", swap: "innerHTML show:none" })).then(() => { if (visit() === was) putBack(); });
  };
  const renew = () => {
    quiet = true;
    drawAgain().then(() => { quiet = false; });
  };
  const show = async () => {
    await drawAgain();
    await diary.refresh(true);
    mark();
  };
  // What somebody else did with the visit meanwhile is said in one line: nothing typed is lost and the focus stays where it is.
  const look = async () => {
    const shown = drawer()?.querySelector(".visit-drawer");
    if (!shown) return;
    const said = document.getElementById("drawer-news");
    const address = `/bookings/${shown.dataset.visit}/?poll=1&after=${shown.dataset.after}&seen=${said?.dataset.version || shown.dataset.version}`;
    const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" }, redirect: "manual" }).catch(() => null);
    if (answer?.status !== 200) return;
    const news = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("drawer-news");
    // Meanwhile the drawer may show something else, or the same as it stands now.
    if (!news || !shown.isConnected || news.dataset.version === shown.dataset.version) return;
    const old = document.getElementById("drawer-news");
    if (old?.contains(document.activeElement)) {
      old.querySelector("p").replaceWith(news.querySelector("p"));
      old.dataset.version = news.dataset.version;
    } else {
      old?.remove();
      shown.after(news);
    }
    live(document.getElementById("drawer-news").querySelector("p").textContent);
  };
  document.addEventListener("refreshed", look);
  document.addEventListener("click", (event) => { if (event.target.closest("[data-renew]")) show(); });
  document.addEventListener("htmx:beforeSwap", (event) => {
    // Drawn again because something else changed it: nobody's focus goes there.
    if (quiet && event.detail.target === drawer()) {
      quiet = false;
      event.detail.serverResponse = event.detail.serverResponse.replaceAll(" data-focus", "");
    }
  });
  return { drawer, isOpen, visit, mark, hide, shut, open, renew };
})();

(() => {
  let before = "";
  let scrolled = null;

  const current = () => {
    const here = document.activeElement;
    const numbing = /^b(\d+)-/.exec(here?.closest?.("#board .lane > li")?.id ?? "");
    const block = numbing ? diary.block(numbing[1]) : here?.closest?.("#board [data-visit]");
    return block || (panel.visit() && (here === document.body || panel.drawer()?.contains(here)) ? diary.block(panel.visit()) : null);
  };
  const press = (key) => document.querySelector(`.tools [data-key="${CSS.escape(key)}"]`)?.click();
  const arrived = () => {
    const block = current();
    if (!block?.hasAttribute("data-waits")) return live(gettext("Only a visit that is waited for can be marked as here"));
    sent(htmx.ajax("POST", `/bookings/${block.dataset.visit}/arrive/`, { target: "#toasts", swap: "innerHTML", values: { version: block.dataset.version } }));
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const pop = document.querySelector(".pop[open]");
      if (pop) {
        pop.open = false;
        pop.querySelector("summary").focus();
      } else if (panel.isOpen() && !document.querySelector("dialog[open], details.me[open]")) panel.shut();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || inField(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key.startsWith("Arrow") && document.querySelector("#board .cal")) {
      const here = document.activeElement;
      if (here !== document.body && !here.closest("#board .cal")) return;
      diary.walk(event.key);
      event.preventDefault();
      return;
    }
    const [key, after] = [event.key, before];
    before = key;
    if (!("keys" in document.body.dataset) || after === "g") return;
    if (key === "a") arrived();
    else if (key === "m") mover.lift(current(), "keys");
    else if (key === "c") {
      const course = current()?.dataset.course;
      if (course) panel.open(course, current());
    } else if (key === "?") document.getElementById("keys")?.showModal();
    else if (["n", "t", "[", "]", "d", "w", "l"].includes(key)) press(key);
    else return;
    event.preventDefault();
  });

  // A free gap fills in the form that is open already; pressed with the mouse it begins where it was pressed.
  const gap = (event, link) => {
    const url = new URL(link.href);
    const li = link.parentElement;
    if (event.detail && diary.long(li) > 12) {
      // A long gap: the quarter of the hour under the pointer, or the beginning itself.
      const begins = diary.place(li);
      const row = begins + Math.floor((event.clientY - li.getBoundingClientRect().top) / 7 / 3) * 3;
      url.searchParams.set("time", mover.clock(Math.max(begins, row - (row % 3))));
    }
    const form = panel.drawer()?.querySelector("form[action$='/calendar/new/']");
    if (!form) return panel.open(url.pathname + url.search, link);
    for (const name of ["day", "time", "clinician", "room"]) {
      const field = form.elements[name];
      if (field && url.searchParams.has(name)) field.value = url.searchParams.get(name);
    }
    form.elements.day.dispatchEvent(new Event("change", { bubbles: true }));
    form.elements.time.focus();
    live(interpolate(gettext("%(time)s filled in"), { time: url.searchParams.get("time") }, true));
  };

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const shut = event.target.closest("[data-shut]");
    if (shut) {
      event.preventDefault();
      return panel.shut();
    }
    if (event.target.closest("[data-keyhelp]")) return document.getElementById("keys")?.showModal();
    if (event.target.closest("[data-clear]")) for (const box of event.target.closest("form").querySelectorAll("input[type=checkbox]")) box.checked = false;
    for (const pop of document.querySelectorAll(".pop[open]")) if (!pop.contains(event.target)) pop.open = false;
    const link = event.target.closest("#board a[href]");
    if (!link) return;
    if (link.pathname === "/calendar/new/") {
      event.preventDefault();
      if (link.parentElement.matches("[data-free]")) gap(event, link);
      else panel.open(link.pathname + link.search, link);
    } else if (link.pathname.startsWith("/bookings/")) {
      event.preventDefault();
      panel.open(link.pathname, link);
    }
  });

  // ---- After each answer ----

  const time = (toast) => {
    if (toast.dataset.timed) return;
    toast.dataset.timed = "1";
    goesAfter(toast, Number(toast.dataset.until || 180));
  };
  document.addEventListener("htmx:afterSettle", () => {
    panel.mark();
    document.querySelectorAll("#toasts .toast").forEach(time);
  });
  let swapped = "";
  document.addEventListener("htmx:afterSwap", (event) => {
    swapped = event.detail.target?.id ?? "";
  });
  document.addEventListener("diaryChanged", async (event) => {
    const visit = String(event.detail.visit);
    const inDrawer = event.detail.elt === panel.drawer() || panel.drawer()?.contains(event.detail.elt);
    await diary.refresh(true);
    panel.mark();
    // A refusal that this very answer put into the drawer stays; one from before is over once something was done.
    const over = swapped === "toasts" || !panel.drawer()?.querySelector("[role=alert]");
    if (panel.visit() === visit && !inDrawer && over) panel.renew();
    if (document.activeElement === document.body || !document.activeElement) {
      const link = diary.block(visit)?.querySelector("a");
      if (link?.closest(".lane")) diary.go(link);
      // What is gone from the columns cannot have it: then the drawer that speaks of it, else the calendar.
      else (link || panel.drawer()?.querySelector("h2") || document.querySelector("#board .cal, #t-new"))?.focus();
    }
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id === "calendar") scrolled = document.querySelector("#board .cal")?.scrollTop ?? null;
  });
  const toNow = () => {
    const calendar = document.querySelector("#board .cal");
    const now = document.getElementById("now");
    if (calendar && now) calendar.scrollTop = Math.max(0, now.offsetTop - calendar.clientHeight / 3);
  };
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!document.getElementById("board") || (event.detail.target?.id !== "calendar" && event.detail.target?.id !== "split")) return;
    diary.start();
    panel.mark();
    const calendar = document.querySelector("#board .cal");
    if (calendar && scrolled !== null) calendar.scrollTop = scrolled;
    else toNow();
    document.title = document.title.replace(/^.*( - [^-]*)$/, gettext("Calendar") + `, ${document.getElementById("day-h").textContent.trim().replace(/\s+/g, " ")}$1`);
    live(document.getElementById("day-h").textContent.trim().replace(/\s+/g, " "));
  });
  document.addEventListener("htmx:historyRestore", () => {
    diary.start();
    panel.mark();
    toNow();
  });
  document.addEventListener("DOMContentLoaded", () => {
    toNow();
    panel.mark();
  });
})();
