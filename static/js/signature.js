// A signature drawn with finger, pen or mouse. Kept as strokes of whole points in a field of 600 by 200; the server draws the picture.
(() => {
  const canvas = document.getElementById("pen");
  const kept = document.getElementById("id_strokes");
  if (!canvas || !kept) return;
  const tools = document.getElementById("pen-tools");
  const state = document.getElementById("pen-state");
  const pen = canvas.getContext("2d");
  const WIDTH = 600, HEIGHT = 200, SCALE = canvas.width / WIDTH;
  let strokes = read(), drawing = null;
  for (const part of [canvas, tools, document.getElementById("pen-hint")]) part.hidden = false;

  function read() {
    try {
      const found = JSON.parse(kept.value || "[]");
      return Array.isArray(found) ? found.filter(Array.isArray) : [];
    } catch {
      return [];
    }
  }

  function line(from, to) {
    pen.beginPath();
    pen.moveTo(from[0] * SCALE, from[1] * SCALE);
    pen.lineTo(to[0] * SCALE, to[1] * SCALE);
    pen.stroke();
  }

  function redraw() {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.lineWidth = 3 * SCALE;
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = "#111";
    for (const stroke of strokes) stroke.forEach((point, place) => line(stroke[place - 1] || point, point));
  }

  function keep() {
    kept.value = strokes.length ? JSON.stringify(strokes) : "";
    state.textContent = strokes.length ? interpolate(ngettext("%(count)s stroke", "%(count)s strokes", strokes.length), { count: strokes.length }, true) : gettext("Nothing drawn yet");
  }

  function at(event) {
    const box = canvas.getBoundingClientRect();
    const x = Math.round((event.clientX - box.left) / box.width * WIDTH), y = Math.round((event.clientY - box.top) / box.height * HEIGHT);
    return [Math.max(0, Math.min(WIDTH, x)), Math.max(0, Math.min(HEIGHT, y))];
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (drawing || event.button > 0) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    drawing = {id: event.pointerId, points: [at(event)]};
    strokes.push(drawing.points);
    line(drawing.points[0], drawing.points[0]);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drawing || drawing.id !== event.pointerId) return;
    for (const one of event.getCoalescedEvents?.() || [event]) {
      const point = at(one), last = drawing.points.at(-1);
      if (point[0] === last[0] && point[1] === last[1]) continue;
      line(last, point);
      drawing.points.push(point);
    }
  });
  const end = (event) => {
    if (!drawing || drawing.id !== event.pointerId) return;
    drawing = null;
    keep();
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  document.getElementById("pen-undo").addEventListener("click", () => { strokes.pop(); redraw(); keep(); });
  document.getElementById("pen-clear").addEventListener("click", () => { strokes = []; redraw(); keep(); });
  redraw();
  keep();
})();
