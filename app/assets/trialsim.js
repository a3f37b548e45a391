// What happens in the browser without the server: sliders and number boxes move together, the address follows the
// state, and a banner says when the server does not answer.
(function () {
  const REST = 180; // milliseconds without a move after which a value counts as chosen,
  const HELD = 700; // while the pointer still holds the slider
  const latest = { timer: null, settle: null, isHeld: false, values: {}, slid: {}, echoes: {}, follows: {}, routed: null, count: 0, state: null, base: undefined };
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);

  function encoded(state) {
    const pairs = new URLSearchParams();
    if (state.z) pairs.append("z", state.z);
    else if (state.base && state.base !== "gist") pairs.append("base", state.base);
    for (const [path, value] of Object.entries(state.set || {})) pairs.append("set", `${path}=${JSON.stringify(value)}`);
    if (state.rates && state.rates.length) pairs.append("rates", state.rates.map((rate) => +rate.toFixed(9)).join(","));
    for (const [key, value] of Object.entries(state.view || {})) pairs.append(`v.${key}`, value);
    if (state.pins) pairs.append("pins", state.pins);
    const text = pairs.toString();
    return text ? `?${text}` : "";
  }

  function byKey(items) {
    const found = {};
    for (const item of items || []) found[pathOf(item.id.k)] = item.value;
    return found;
  }

  // Ids cannot hold the dots of a path: the twins of app/ids.py, coded() and path_of().
  const coded = (path) => path.replaceAll("~", "~0").replaceAll(".", "~1");
  const pathOf = (key) => key.replaceAll("~1", ".").replaceAll("~0", "~");

  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

  function place() {
    return window.location.pathname + window.location.search;
  }

  function go(query) {
    window.history.pushState({}, "", window.location.pathname + query);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    // The location component sees only what differs from what it knew; what it misses is routed here.
    setTimeout(() => {
      if (latest.routed !== place()) setProps("route", { data: routed() });
    }, 60);
  }

  function routed() {
    latest.routed = place();
    latest.count += 1;
    return { path: window.location.pathname, search: window.location.search, n: latest.count };
  }

  function chosen(state, base) {
    const next = { ...state, set: { ...(state.set || {}) }, rates: [...(state.rates || [])] };
    for (const [key, value] of Object.entries(latest.values)) {
      if (key.startsWith("rates.")) {
        const n = Object.keys(base).filter((name) => name.startsWith("rates.")).length;
        if (next.rates.length !== n) next.rates = Array.from({ length: n }, (_, arm) => base[`rates.${arm}`]);
        next.rates[Number(key.slice(6))] = value;
      } else if (key.startsWith("view.")) {
        next.view = { ...(next.view || {}), [key.slice(5)]: String(value) };
      } else if (JSON.stringify(value) === JSON.stringify(base[key])) delete next.set[key];
      else next.set[key] = value;
    }
    return next;
  }

  // The ids of what moved, as Dash names them.
  function movedIds() {
    const found = window.dash_clientside.callback_context.triggered || [];
    return found.flatMap(({ prop_id: name }) =>
      name.startsWith("{") ? [JSON.parse(name.slice(0, name.lastIndexOf(".")))] : []);
  }

  // Once nothing has moved for a while, the number boxes follow their sliders, and the state changes.
  function restLater(state, base) {
    latest.settle = () => {
      latest.settle = null;
      const next = chosen(state, base);
      for (const [key, value] of Object.entries(latest.slid)) {
        latest.echoes[key] = value; // the box follows; that it moves is nobody's choice
        setProps({ k: coded(key), r: "number" }, { value });
      }
      latest.values = {};
      latest.slid = {};
      if (JSON.stringify(next) !== JSON.stringify(state)) setProps("state", { data: next });
    };
    settleIn(latest.isHeld ? HELD : REST);
  }

  function settleIn(delay) {
    clearTimeout(latest.timer);
    latest.timer = setTimeout(() => latest.settle && latest.settle(), delay);
  }

  function watchPointer() {
    document.addEventListener("pointerdown", () => { latest.isHeld = true; }, true);
    for (const name of ["pointerup", "pointercancel"])
      document.addEventListener(name, () => {
        latest.isHeld = false;
        if (latest.settle) settleIn(REST);
      }, true);
  }
  watchPointer();

  // A slider has moved, by hand or after its number box. The page itself is watched: on the way through Dash every
  // component would hear of every step.
  function watchSliders() {
    const watched = { attributes: true, attributeFilter: ["aria-valuenow"], subtree: true };
    new MutationObserver((found) => slid(found.map((change) => change.target))).observe(document.documentElement, watched);
  }

  const SLIDER = `[id*='"r":"slider"']`;
  const keyOf = (thumb) => pathOf(JSON.parse(thumb.closest(SLIDER).id).k);
  const valueOf = (thumb) => Number(thumb.getAttribute("aria-valuenow"));

  function slid(thumbs) {
    const { state, base } = latest;
    const own = thumbs.filter((thumb) => thumb.isConnected && thumb.closest(SLIDER));
    if (!own.length || !state || !base) return;
    const all = Array.from(document.querySelectorAll(`${SLIDER} [role=slider]`));
    window.trialsimMoves.move(Object.fromEntries(all.map((thumb) => [keyOf(thumb), valueOf(thumb)])), state);
    for (const thumb of own) {
      const [key, value] = [keyOf(thumb), valueOf(thumb)];
      if (latest.follows[key] === value) delete latest.follows[key];
      else latest.values[key] = latest.slid[key] = value;
    }
    if (Object.keys(latest.slid).length) restLater(state, base);
  }
  watchSliders();

  // Dash calls: a number, a choice or a switch has changed, by hand or after its slider.
  function chose(_numbers, _choices, _switches, state, base) {
    if (!state || !base) return window.dash_clientside.no_update;
    const [numbers, choices, switches] = window.dash_clientside.callback_context.inputs_list.map(byKey);
    for (const id of movedIds()) {
      const key = pathOf(id.k);
      const isEcho = id.r === "number" && latest.echoes[key] === numbers[key];
      if (id.r === "number") delete latest.echoes[key];
      if (isEcho) continue;
      if (id.r === "number" && isNumber(numbers[key])) {
        latest.values[key] = numbers[key];
        delete latest.slid[key];
        placeSlider(id.k, numbers[key]);
      } else if (id.r === "choice" && choices[key] != null) latest.values[key] = choices[key];
      else if (id.r === "switch") latest.values[key] = Boolean(switches[key]);
    }
    if (Object.keys(latest.values).length) restLater(state, base);
    return window.dash_clientside.no_update;
  }

  // A slider follows its number box; where that lies outside its range, it stands at the end.
  function placeSlider(k, value) {
    const box = document.getElementById(JSON.stringify({ k, r: "slider" }));
    const thumb = box && box.querySelector("[role=slider]");
    const [low, high] = thumb ? [Number(thumb.ariaValueMin), Number(thumb.ariaValueMax)] : [-Infinity, Infinity];
    const place = Math.min(Math.max(value, low), high);
    if (thumb && Number(thumb.ariaValueNow) === place) return;
    latest.follows[pathOf(k)] = place;
    setProps({ k, r: "slider" }, { value: place });
  }

  // Dash calls: the address has changed (a link, the back button, the first load).
  function route() {
    if (latest.routed === place()) return window.dash_clientside.no_update;
    return routed();
  }

  // The upload component gives its input no name for screen readers.
  function nameUpload() {
    for (const input of document.querySelectorAll(".upload-box input[type=file]:not([aria-label])")) {
      input.setAttribute("aria-label", "a YAML file with a scenario or a design");
      input.tabIndex = 0;
    }
  }
  new MutationObserver(nameUpload).observe(document.documentElement, { childList: true, subtree: true });

  // Dash calls: the state has changed. Address, navigation, the link to copy and the page follow it.
  function follow(state, route_, navs, links, owns, bases) {
    [latest.state, latest.base] = [state, bases[0]];
    window.trialsimMoves.settled();
    window.trialsimMoves.complete();
    const query = encoded(state || {});
    const path = (route_ && route_.path) || window.location.pathname;
    if (window.location.search !== query) {
      window.history.replaceState({}, "", path + query);
      latest.routed = place();
    }
    const here = window.location.origin + path + query;
    return [
      navs.map((id) => id.k + query),
      navs.map((id) => (id.k === path ? "nav-link here" : "nav-link")),
      links.map(() => here),
      owns.map((own) => (JSON.stringify(own) === JSON.stringify(state) ? window.dash_clientside.no_update : state)),
    ];
  }

  function navigate(query) {
    if (typeof query === "string") go(query);
    return window.dash_clientside.no_update;
  }

  function chooseBase(value, state) {
    if (value && state && (value !== state.base || state.z)) go(encoded({ base: value, pins: state.pins }));
    return window.dash_clientside.no_update;
  }

  function reset(clicks, state) {
    if (clicks && state) go(encoded({ base: state.base, z: state.z, pins: state.pins }));
    return window.dash_clientside.no_update;
  }

  // A file that is too large is not even read: it is caught before the upload component sees it.
  function watchFiles() {
    const caught = (event, files) => {
      const box = event.target.closest && event.target.closest(".upload-box");
      const limit = box ? Number(box.dataset.limit) : Infinity;
      const large = Array.from(files || []).find((file) => file.size > limit);
      if (!large) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.type === "change") event.target.value = "";
      const words = `${large.name}: too large; at most ${limit.toLocaleString("en")} bytes are read.`;
      setProps("upload-problem", { children: words });
    };
    document.addEventListener("change", (event) => caught(event, event.target.files), true);
    document.addEventListener("drop", (event) => caught(event, event.dataTransfer && event.dataTransfer.files), true);
  }
  watchFiles();

  // Dash calls: somebody clicked into the map of two rates.
  function clickRates(click) {
    const point = click && click.points && click.points[0];
    if (point && isNumber(point.x) && isNumber(point.y)) {
      setProps({ k: coded("rates.0"), r: "number" }, { value: point.x });
      setProps({ k: coded("rates.1"), r: "number" }, { value: point.y });
    }
    return window.dash_clientside.no_update;
  }

  // Texts that the server compressed (app/state.py, packed()).
  async function unpacked(text) {
    const plain = text.replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(plain + "=".repeat((4 - (plain.length % 4)) % 4)), (c) => c.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
  }

  // Dash calls: a button below a simulated comparison. Its files are in the page already.
  async function saveFile(clicks, files) {
    const { triggered_id: pressed, triggered } = window.dash_clientside.callback_context;
    const isPressed = pressed && triggered.some((one) => one.value);
    if (!isPressed || !files || !files[pressed.f]) return window.dash_clientside.no_update;
    const filename = `${files.name}.${pressed.f}`;
    if (pressed.f === "parquet") return { content: files.parquet, filename, base64: true };
    return { content: await unpacked(files[pressed.f]), filename };
  }

  // Dash calls: what the browser keeps has changed, or the page that shows it has come.
  const ownPins = (kept, pages) => pages.map(() => ({ pins: kept === undefined ? null : kept }));

  const hasFiles = (files) => !files;

  // The banner: a request that failed is followed by asking for the server's health until it answers again.
  function watchServer() {
    const ask = window.fetch.bind(window);
    let timer = null;
    const show = (isLost) => {
      const banner = document.getElementById("connection");
      if (banner) banner.hidden = !isLost;
    };
    const knock = () => {
      ask("/healthz", { cache: "no-store" })
        .then((answer) => {
          show(!answer.ok);
          timer = answer.ok ? null : setTimeout(knock, 2000);
        })
        .catch(() => {
          show(true);
          timer = setTimeout(knock, 2000);
        });
    };
    window.fetch = (...words) =>
      ask(...words).catch((error) => {
        if (error && error.name !== "AbortError" && timer === null) timer = setTimeout(knock, 0);
        throw error;
      });
  }
  watchServer();

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.trialsim = { chose, route, follow, navigate, chooseBase, reset, clickRates, saveFile, hasFiles, ownPins };
})();
