// Pictures of a sweep: each carries arrangements for several widths, and the browser knows how wide it is.
(function () {
  const BOX = "sweep-graph";
  let timer = null;
  let width = 0;

  function put(layout, path, value) {
    const parts = path.split(".");
    const last = parts.pop();
    let inside = layout;
    for (const part of parts) inside = inside[part] ??= {};
    inside[last] = value;
  }

  function measured() {
    const box = document.getElementById(BOX);
    return box ? box.clientWidth - 30 : 0;
  }

  // Dash calls: there is another picture, or the window is another. The page has the title and the notes.
  function arrange(figure) {
    if (!figure || !figure.layout) return { data: [], layout: { height: 120 } };
    width = measured();
    const layout = structuredClone(figure.layout);
    const rooms = (layout.meta && layout.meta.arrangements) || [];
    const room = rooms.findLast((own) => own.least_width <= width) ?? rooms[0];
    if (room) for (const [path, value] of Object.entries(room.layout)) put(layout, path, value);
    delete layout.title;
    const data = figure.data.map((trace) => {
      const from = trace.meta && trace.meta.text_from;
      return from && width / room.columns - 90 < from ? { ...trace, texttemplate: "" } : trace;
    });
    return { data, layout };
  }

  window.addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const now = measured();
      if (now && now !== width) window.dash_clientside.set_props("sweep-width", { data: now });
    }, 200);
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.trialsim_sweep = { arrange };
})();
