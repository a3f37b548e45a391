// While a slider of Explore moves: the curves and the cards follow it. The server is asked one question at a time; what
// has changed meanwhile is asked next, so that the last picture is that of the last position, however slow the way is.
(function () {
  const PATH = "/moving"; // the twin of app/panels/explore_moves.py
  const FIGURE = JSON.stringify({ i: "operating", t: "live" });
  const room = { isAsking: false, next: null, epoch: 0 };

  const plotOf = () => {
    const box = document.getElementById(FIGURE);
    return box && box.querySelector(".js-plotly-plot");
  };

  // A slider stands elsewhere: ask, or remember to ask once the answer of the last question is here.
  function move(sliders, state) {
    if (!plotOf()) return; // another page's slider
    room.next = { state, sliders };
    if (!room.isAsking) ask();
  }

  // The page is drawn anew from its state: answers to what was asked before belong to the past.
  function settled() {
    room.epoch += 1;
    room.next = null;
    shown.clear();
  }

  async function ask() {
    room.isAsking = true;
    while (room.next) {
      const [question, epoch, plot] = [room.next, room.epoch, plotOf()];
      room.next = null;
      const found = await answerOf(question);
      if (found && found.lines && epoch === room.epoch && plot && plot.isConnected) await draw(plot, found);
    }
    room.isAsking = false;
  }

  async function answerOf(question) {
    try {
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch(PATH, { method: "POST", headers, body: JSON.stringify(question) });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null; // the banner says that the server does not answer
    }
  }

  async function draw(plot, { lines, cards }) {
    const drawn = plot.data.filter((trace) => trace.mode === "lines").length;
    if (drawn !== lines.length) return; // another design; the whole page follows once the slider rests
    const data = plot.data.map((trace, number) => (number < drawn ? { ...trace, y: lines[number] } : trace));
    await window.Plotly.react(plot, data, plot.layout);
    await new Promise((painted) => requestAnimationFrame(painted));
    cards.forEach(setCard);
  }

  const shown = new Map();

  // Only what differs: every component that changes costs the page some milliseconds.
  function setCard(value, number) {
    if (shown.get(number) === value) return;
    shown.set(number, value);
    window.dash_clientside.set_props({ t: "card", i: number }, { value });
  }

  // The rest of the page is asked for once its first figure stands: what is drawn later comes later.
  function complete() {
    const rest = document.getElementById("explore-rest");
    if (!rest || begun.has(rest)) return;
    begun.add(rest);
    const look = (times) => {
      const plot = plotOf();
      if ((plot && plot.querySelector(".main-svg")) || times === 0) {
        window.dash_clientside.set_props("explore-begun", { data: true });
      } else if (rest.isConnected) setTimeout(look, 20, times - 1);
    };
    look(250);
  }
  const begun = new WeakSet();

  window.trialsimMoves = { move, settled, complete };
})();
