// Moving a visit and changing its length: with the arrow keys, by dragging, or by pointing to the new place. All of them end in
// the request that the form of a move sends. Until then nothing moves but a ghost, which says what stands in its way.
"use strict";

const mover = (() => {
  const STEP = 5; // minutes of one row
  const QUARTER = 3; // rows
  const ROW = 7; // px
  const SLIP = 5; // px that a press may slip without being a drag
  const HELD = 350; // ms after which a finger has taken the visit up; one that goes on before scrolls the page
  const FINGER_SLIP = 10;
  let now = null; // what is being moved: its block, its ghost, and where the ghost stands
  let pressed = null;
  let dragged = false;

  // Where this visit can go: a room's part to another room, never to a bay.
  const lanes = () => [...document.querySelectorAll("#board .cl .lane")].filter((lane) => lane.dataset.role === now.from.dataset.role);
  const tall = (lane) => Number(/tall(\d+)/.exec(lane.className)[1]);
  const words = (element) => element?.textContent.trim().replace(/\s+/g, " ") ?? "";
  const holds = (li) => (li.dataset.holds || "").split(" ").filter(Boolean).map((part) => {
    const [, pk, low, high] = /^(\d+):(-?\d+)-(-?\d+)$/.exec(part);
    return { pk, low: Number(low), high: Number(high) };
  });

  // The clock at a row, from the hours printed down the side: those of every column, also on the day the clocks change.
  const clock = (row) => {
    const hours = [...document.querySelectorAll("#clock li[data-at]")];
    const hour = hours.filter((li) => Number(li.dataset.at) <= row).pop() || hours[0];
    const [h, m] = hour.textContent.split(":").map(Number);
    const minutes = (h * 60 + m + (row - Number(hour.dataset.at)) * STEP + 1440) % 1440;
    return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
  };

  // What stands in the way, as far as this page shows it. Whether it fits the server decides.
  const clash = () => {
    const { li, lane, from, at, size } = now;
    const start = at - now.lead;
    const longer = size - now.was;
    const mine = holds(li).map((hold) => ({
      pk: hold.pk === from.dataset.column ? lane.dataset.column : hold.pk,
      low: start + hold.low + (hold.low > now.lead ? longer : 0),
      high: start + hold.high + (hold.high > now.lead ? longer : 0),
      own: hold.pk === from.dataset.column,
    }));
    const own = mine.find((hold) => hold.own) || { low: at, high: at + size };
    for (const shut of lane.querySelectorAll(".blk")) {
      const low = diary.place(shut);
      if (low < own.high && low + diary.long(shut) > own.low) return words(shut);
    }
    for (const other of document.querySelectorAll("#board li[data-visit]")) {
      if (other.dataset.visit === li.dataset.visit || other.parentElement.dataset.day !== lane.dataset.day) continue;
      const begins = diary.place(other) - Number(other.dataset.lead);
      for (const theirs of holds(other)) {
        const met = mine.find((hold) => hold.pk === theirs.pk && hold.low < begins + theirs.high && hold.high > begins + theirs.low);
        if (met) return (met.own ? gettext("Taken") : gettext("Room or device taken")) + `: ${words(other.querySelector("b"))}`;
      }
    }
    return "";
  };

  const draw = (aloud = true) => {
    const { ghost, lane, at, size } = now;
    const inTheWay = clash();
    ghost.className = `ghost at${at} for${size}${inTheWay ? " clash-at" : ""}`;
    const title = words(lane.closest(".cl").querySelector("h2"));
    const minutes = size === now.was ? "" : `, ${size * STEP} min`;
    const begin = document.createElement("b");
    begin.textContent = `${clock(at)}${minutes}`;
    const rest = document.createElement("span");
    rest.textContent = inTheWay || now.name;
    ghost.replaceChildren(begin, rest);
    if (ghost.parentElement !== lane) lane.append(ghost);
    ghost.scrollIntoView({ block: "nearest", inline: "nearest" });
    now.bar.querySelector("[data-words]").textContent = `${now.name}: ${clock(at)}${minutes}, ${title}${inTheWay ? `. ${inTheWay}` : ""}`;
    if (aloud) live(`${clock(at)}${minutes}, ${title}. ` + (inTheWay || gettext("Free as far as this page shows")));
  };

  const bar = (text) => {
    const element = document.createElement("div");
    element.className = "movebar";
    const said = document.createElement("span");
    said.dataset.words = "";
    said.textContent = text;
    const right = document.createElement("span");
    right.className = "push";
    for (const [label, act] of [[gettext("Put it here"), () => drop()], [gettext("Leave it"), () => leave()]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn sm";
      button.textContent = label;
      button.addEventListener("click", act);
      right.append(button);
    }
    element.append(said, right);
    document.getElementById("board").append(element);
    return element;
  };

  const lift = (li, how) => {
    if (now || !li?.hasAttribute("data-movable") || !diary.board().hasAttribute("data-edit")) return false;
    const lane = li.parentElement;
    const ghost = document.createElement("li");
    ghost.setAttribute("aria-hidden", "true");
    const [at, size] = [diary.place(li), diary.long(li)];
    const name = words(li.querySelector("b"));
    now = { li, how, lane, ghost, at, size, name, from: lane, first: at, was: size, lead: Number(li.dataset.lead) };
    now.bar = bar(how === "point" ? interpolate(gettext("Tap the new place for %(name)s"), { name }, true) : name);
    document.body.classList.add("moving");
    li.classList.add("lifted");
    if (how === "keys") {
      draw(false);
      live(interpolate(gettext("Moving %(name)s. Arrows move it by 15 minutes or a column, Enter puts it down, Escape leaves it."), { name }, true));
    } else if (how === "point") live(interpolate(gettext("Tap the new place for %(name)s"), { name }, true));
    return true;
  };

  const down = () => {
    const { li, ghost, bar: shown } = now;
    ghost.remove();
    shown.remove();
    li.classList.remove("lifted");
    document.body.classList.remove("moving");
    now = null;
    return li;
  };

  const leave = () => {
    if (!now) return;
    dragged = pressed !== null; // the button is still held: letting it go opens nothing, and moving on lifts nothing again
    letGo();
    const li = down();
    live(gettext("Left where it was"));
    diary.go(li.querySelector("a"));
  };

  const drop = () => {
    if (!now) return;
    const { lane, from, at, first, size, was, lead, ghost } = now;
    if (!ghost.parentElement || (lane === from && at === first && size === was)) return leave();
    const values = { version: now.li.dataset.version };
    // What only gets longer stays where it begins: no clock is read for it, which on one day of the year comes twice.
    if (lane.dataset.day !== from.dataset.day || at !== first) Object.assign(values, { day: lane.dataset.day, time: clock(at - lead) });
    if (lane.dataset.column !== from.dataset.column) values[lane.dataset.role] = lane.dataset.column;
    if (size !== was) values.minutes = String(size * STEP);
    const { visit } = down().dataset;
    sent(htmx.ajax("POST", `/bookings/${visit}/move/`, { target: "#toasts", swap: "innerHTML", values }));
  };

  const shift = (key, longer) => {
    const all = lanes();
    if (longer && (key === "ArrowUp" || key === "ArrowDown")) {
      now.size = Math.min(Math.max(now.size + (key === "ArrowDown" ? 1 : -1), 1), tall(now.lane) - now.at);
    } else if (key === "ArrowUp" || key === "ArrowDown") {
      now.at = Math.min(Math.max(now.at + (key === "ArrowDown" ? QUARTER : -QUARTER), 0), tall(now.lane) - now.size);
    } else {
      now.lane = all[Math.min(Math.max(all.indexOf(now.lane) + (key === "ArrowRight" ? 1 : -1), 0), all.length - 1)];
    }
    draw();
  };

  // ---- By pointer ----

  const under = (event) => document.elementsFromPoint(event.clientX, event.clientY).map((one) => one.closest?.(".cl .lane")).find((lane) => lanes().includes(lane));
  const follow = (event, grip) => {
    const lane = under(event) || now.lane;
    const row = Math.round((event.clientY - lane.getBoundingClientRect().top) / ROW);
    if (now.how === "edge") {
      // The edge follows the pointer from where it was taken, which is up to a row above it.
      const end = Math.round((event.clientY - now.lane.getBoundingClientRect().top - pressed.below) / ROW);
      now.size = Math.min(Math.max(end - now.at, 1), tall(now.lane) - now.at);
    } else {
      const moved = Math.round((row - grip - now.first) / QUARTER) * QUARTER;
      now.lane = lane;
      now.at = Math.min(Math.max(now.first + moved, 0), tall(lane) - now.size);
    }
    draw(false);
  };
  const atEdge = (event, li) => {
    const box = li.getBoundingClientRect();
    return box.bottom - event.clientY < (event.pointerType === "mouse" ? 8 : Math.max(8, Math.min(18, box.height / 3)));
  };
  const letGo = () => {
    clearTimeout(pressed?.held);
    pressed = null;
  };

  document.addEventListener("pointerdown", (event) => {
    dragged = false;
    if (!event.isPrimary && pressed && !now) letGo(); // two fingers pinch
    const li = event.target.closest?.("#board .ev[data-movable]");
    if (!li || now || event.button !== 0 || !event.isPrimary) return;
    const top = li.parentElement.getBoundingClientRect().top;
    const row = Math.round((event.clientY - top) / ROW);
    pressed = { li, x: event.clientX, y: event.clientY, grip: row - diary.place(li), edge: atEdge(event, li), below: event.clientY - top - (diary.place(li) + diary.long(li)) * ROW };
    if (event.pointerType === "mouse") return;
    pressed.finger = true;
    pressed.held = setTimeout(() => {
      if (!pressed || now || !pressed.li.isConnected || !lift(pressed.li, pressed.edge ? "edge" : "drag")) return letGo();
      navigator.vibrate?.(10);
      draw();
    }, HELD);
  });
  document.addEventListener("pointermove", (event) => {
    if (!event.isPrimary) return;
    if (pressed?.finger && !now) {
      if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > FINGER_SLIP) letGo();
    } else if (pressed && !now && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > SLIP) lift(pressed.li, pressed.edge ? "edge" : "drag");
    if (pressed && now) follow(event, pressed.grip);
    else if (!now && event.pointerType === "mouse") {
      const li = event.target.closest?.("#board .ev[data-movable]");
      for (const one of document.querySelectorAll(".at-edge")) if (one !== li) one.classList.remove("at-edge");
      li?.classList.toggle("at-edge", atEdge(event, li));
    }
  });
  document.addEventListener("pointerup", (event) => {
    if (!event.isPrimary) return;
    const held = pressed;
    letGo();
    if (!held || !now || now.how === "point" || now.how === "keys") return;
    drop();
    dragged = true;
  });
  document.addEventListener("pointercancel", (event) => {
    if (!event.isPrimary) return;
    if (pressed && now) leave();
    letGo();
  });
  // A finger that holds a visit draws it, and neither the page nor a menu of its link comes with it.
  document.addEventListener("touchmove", (event) => { if (pressed && now) event.preventDefault(); }, { passive: false });
  document.addEventListener("contextmenu", (event) => { if (pressed?.finger || now?.how === "drag" || now?.how === "edge") event.preventDefault(); });
  document.addEventListener("dragstart", (event) => { if (event.target.closest?.("#board")) event.preventDefault(); });
  // The press that ends a drag opens nothing; while a place is pointed to, the press on it is the place.
  document.addEventListener("click", (event) => {
    if (dragged) {
      dragged = false;
      if (event.detail && event.target.closest("#board")) {
        event.preventDefault();
        event.stopPropagation();
      }
      return;
    }
    if (!now || event.target.closest(".movebar")) return;
    event.preventDefault();
    event.stopPropagation();
    const lane = event.target.closest("#board .cl .lane");
    if (!lanes().includes(lane)) return leave();
    const row = (event.clientY - lane.getBoundingClientRect().top) / ROW;
    now.lane = lane;
    now.at = Math.min(Math.max(Math.floor(row / QUARTER) * QUARTER, 0), tall(lane) - now.size);
    draw(false);
    drop();
  }, true);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    if (lift(diary.block(button.dataset.move), "point") && window.matchMedia("(max-width: 1100px)").matches) panel.hide();
  });

  document.addEventListener("keydown", (event) => {
    if (!now) return;
    if (event.key.startsWith("Arrow")) shift(event.key, event.shiftKey);
    else if (event.key === "Escape") leave();
    else if (event.key === "Enter" && !event.target.closest(".movebar")) drop();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  diary.whileMoving(() => now !== null);
  return { lift, clock };
})();
