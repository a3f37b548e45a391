// plotly.js is the largest script by far. It is run while the server is asked for the page, not once a figure needs it;
// and it is the bundle that the page names (app/index.py), not the one that Dash would take.
(function () {
  const address = document.getElementById("plotly-script").href;
  Object.defineProperty(window, "_dashPlotlyJSURL", { get: () => address, set: () => undefined });

  // The renderer's first question is the page's layout.
  const ask = window.fetch.bind(window);
  let isFirst = true;
  window.fetch = (...words) => {
    if (isFirst) setTimeout(begin, 0);
    isFirst = false;
    return ask(...words);
  };

  function begin() {
    if (window.Plotly) return;
    const script = document.createElement("script");
    script.src = address;
    document.body.appendChild(script);
  }
})();
