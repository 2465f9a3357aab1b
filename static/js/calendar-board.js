// The columns of the calendar: walking them with the arrow keys, and a refresh every 20 s that draws changed blocks only and
// never touches the one somebody is in. Nothing here is needed to use it.
"use strict";

const diary = (() => {
  const EVERY = 20000;
  const OLD = 120000;
  const served = new Map(); // what the server wrote for each block, by its place: what this page adds to it is no change
  let fresh = Date.now();
  let underWay = null; // the refresh that is on its way
  let owed = ""; // the block that was not drawn again because somebody was in it
  let moving = () => false;

  const board = () => document.getElementById("board");
  const links = (root = board()) => (root ? [...root.querySelectorAll(".lane > li > a")] : []);
  const place = (li) => Number(/(?:^| )at(\d+)/.exec(li.className)?.[1] ?? 0);
  const long = (li) => Number(/(?:^| )for(\d+)/.exec(li.className)?.[1] ?? 1);
  const block = (visit) => document.getElementById(`b${visit}`) || document.getElementById(`r${visit}`);

  // ---- One stop of the Tab key for all columns; the arrows go on from there ----

  const stop = (link) => {
    for (const other of links()) other.tabIndex = other === link ? 0 : -1;
  };
  const rove = () => {
    const all = links();
    if (!all.length) return;
    const now = document.querySelector(".gut .nowtag");
    const at = now ? place(now) : 0;
    stop(all.find((link) => link === document.activeElement) || all.find((link) => link.tabIndex === 0 && link.hasAttribute("tabindex"))
      || all.find((link) => place(link.parentElement) + long(link.parentElement) > at) || all[0]);
  };
  const go = (link) => {
    if (!link) return;
    stop(link);
    link.focus();
  };
  const walk = (key) => {
    const here = document.activeElement?.closest?.(".lane > li > a");
    if (!here) return go(links().find((link) => link.tabIndex === 0));
    const li = here.parentElement;
    const lane = li.parentElement;
    if (key === "ArrowUp" || key === "ArrowDown") {
      const all = links(lane);
      return go(all[all.indexOf(here) + (key === "ArrowDown" ? 1 : -1)]);
    }
    const lanes = [...board().querySelectorAll(".cl .lane")];
    const step = key === "ArrowRight" ? 1 : -1;
    for (let at = lanes.indexOf(lane) + step; lanes[at]; at += step) {
      const near = links(lanes[at]).sort((a, b) => Math.abs(place(a.parentElement) - place(li)) - Math.abs(place(b.parentElement) - place(li)));
      if (near.length) return go(near[0]);
    }
  };

  // ---- Drawing again what changed ----

  const name = (node) => `${node.parentElement?.id || "list"}/${node.id}`;
  const remember = (root) => {
    served.clear();
    for (const node of root?.querySelectorAll(".cl .lane > li, tbody > tr") ?? []) served.set(name(node), node.outerHTML);
  };

  const draw = (old, next, busy, mine) => {
    const known = new Map([...old.children].filter((node) => node.id).map((node) => [node.id, node]));
    let last = null;
    for (const node of [...next.children]) {
      const key = `${old.id || "list"}/${node.id}`;
      const html = node.outerHTML;
      let here = known.get(node.id);
      known.delete(node.id);
      if (!here) here = node;
      else if (served.get(key) !== html && here !== busy) {
        here.replaceWith(node);
        here = node;
      } else if (served.get(key) !== html && mine) {
        here.className = node.className;
        for (const [field, value] of Object.entries(node.dataset)) here.dataset[field] = value;
        for (const field of Object.keys(here.dataset)) if (!(field in node.dataset)) delete here.dataset[field];
        const [inside, link] = [here.querySelector("a"), node.querySelector("a")];
        if (here.matches("li") && inside && link) inside.innerHTML = link.innerHTML;
        else here.innerHTML = node.innerHTML;
      } else if (served.get(key) !== html) {
        owed = here.id; // somebody is in it: it stays as it is until they have left it
        last = here;
        continue;
      }
      served.set(key, html);
      const after = last ? last.nextElementSibling : old.firstElementChild;
      if (after !== here && here !== busy) old.insertBefore(here, after);
      last = here;
    }
    for (const left of known.values()) {
      if (left === busy && !mine) owed = left.id;
      else if (!left.matches(".ghost")) left.remove();
    }
  };

  const take = (html, mine) => {
    const next = new DOMParser().parseFromString(html, "text/html").getElementById("board");
    const old = board();
    if (!next || !old) return;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const busy = focused?.closest(".lane > li, tbody > tr") ?? null;
    const frame = (root) => [...root.querySelectorAll(".cl .lane, tbody")].map((part) => `${part.id} ${part.className}`).join();
    if (frame(old) !== frame(next) || old.dataset.shape !== next.dataset.shape) {
      if (focused && !mine) {
        owed = "board";
        return;
      }
      const top = old.querySelector(".cal, .listing")?.scrollTop ?? 0;
      const again = busy?.id;
      old.replaceWith(next);
      htmx.process(next);
      remember(next);
      const part = next.querySelector(".cal, .listing");
      if (part) part.scrollTop = top;
      if (again) document.getElementById(again)?.querySelector("a")?.focus({ preventScroll: true });
      rove();
      return;
    }
    const parts = (root) => [...root.querySelectorAll(".cl .lane, tbody")];
    const after = parts(next);
    parts(old).forEach((part, at) => draw(part, after[at], busy, mine));
    const notes = [...next.querySelectorAll(".ch .note")];
    [...old.querySelectorAll(".ch .note")].forEach((note, at) => { if (notes[at]) note.textContent = notes[at].textContent; });
    const clock = next.querySelector("#clock");
    if (clock) old.querySelector("#clock").replaceChildren(...clock.childNodes);
    const [gone, goneNow] = [old.querySelector("#gone"), next.querySelector("#gone")];
    if (gone && goneNow) {
      if (!gone.contains(document.activeElement)) {
        goneNow.open = gone.open;
        gone.replaceWith(goneNow);
      }
    } else if (goneNow) old.append(goneNow);
    else gone?.remove();
    old.dataset.seen = next.dataset.seen;
    if (old.dataset.shape === "list") htmx.process(old);
    rove();
  };

  const say = (state) => {
    const made = document.getElementById("made");
    if (!made) return;
    const at = made.textContent.slice(-5);
    const old = Date.now() - fresh > OLD;
    made.parentElement.classList.toggle("old", old && state !== "off");
    made.parentElement.classList.toggle("off", state === "off");
    if (state === "off") made.textContent = interpolate(gettext("No connection. Last update %(at)s"), { at }, true);
    else if (old) made.textContent = interpolate(gettext("Last update %(at)s"), { at }, true);
  };

  const ask = async (mine) => {
    const root = board();
    if (!root || moving() || (!mine && document.visibilityState !== "visible")) return;
    let state = "";
    try {
      const left = owed === "board" ? !root.contains(document.activeElement) : owed !== "" && document.activeElement?.closest?.("[id].ev, [id].numb, tr[id]")?.id !== owed;
      if (mine || left) owed = "";
      const address = `${root.dataset.address}&poll=1&seen=${mine || left ? "" : root.dataset.seen}`;
      const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" }, redirect: "manual" });
      if (answer.ok) {
        const html = answer.status === 200 ? await answer.text() : "";
        if (html && root === board() && !moving()) take(html, mine);
        fresh = Date.now();
        document.dispatchEvent(new CustomEvent("reached"));
        const at = answer.headers.get("X-Clinic-Time");
        const tag = document.querySelector(".nowtag");
        if (at && tag) tag.textContent = at;
        const made = document.getElementById("made");
        if (at && made) made.textContent = interpolate(gettext("Up to date, %(at)s"), { at }, true);
      }
    } catch {
      state = "off"; // the words say how old the columns are
      document.dispatchEvent(new CustomEvent("unreached"));
    }
    say(state);
    if (!mine && !state) document.dispatchEvent(new CustomEvent("refreshed"));
  };
  // What this page has changed is asked for after whatever is on its way: that may have left before the change.
  const refresh = async (mine = false) => {
    if (underWay && !mine) return;
    while (underWay) await underWay;
    underWay = ask(mine).finally(() => { underWay = null; });
    await underWay;
  };

  const start = () => {
    remember(board());
    rove();
  };
  setInterval(() => refresh(), EVERY);
  document.addEventListener("visibilitychange", () => refresh());
  window.addEventListener("online", () => refresh());
  window.addEventListener("offline", () => say("off"));
  document.addEventListener("DOMContentLoaded", start);
  document.addEventListener("focusin", (event) => { if (event.target.matches?.(".lane > li > a")) stop(event.target); });

  return { board, block, place, long, links, go, walk, rove, refresh, start, whileMoving: (test) => { moving = test; } };
})();
