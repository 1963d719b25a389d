"use strict";
// Draws the curves of a figure with plotly.js when a reader opens them. All words come from JSON and stay text.
{
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const coarse = matchMedia("(pointer: coarse)").matches;
  // plotly.js reads a little markup in names.
  const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const short = (value) => String(Number(value.toPrecision(5))).replace("-", "−");

  function element(parent, tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    parent.append(made);
    return made;
  }

  function explore(details) {
    const charts = JSON.parse(details.querySelector("script").textContent);
    const bar = element(details, "div", { className: "bar" });
    const select = charts.length > 1 ? element(element(bar, "label", {}, "Curves "), "select") : null;
    charts.forEach((chart, index) => select && element(select, "option", { value: index }, chart.title));
    const logarithmic = element(bar, "label").appendChild(document.createElement("input"));
    logarithmic.type = "checkbox";
    logarithmic.after(" logarithmic scale");
    const learners = element(details, "fieldset");
    const plot = element(details, "div", { className: "card plot", tabIndex: 0 });
    const reading = element(details, "output", { className: "reading" });
    let chart, place;

    const shown = (line) => learners.querySelector(`input[value="${chart.lines.indexOf(line)}"]`).checked;
    // Steps are drawn as in the figures, on a square-root scale; plotly.js has none, so that it is given roots.
    const root = (values) => (chart.root ? values.map(Math.sqrt) : values);
    const stretch = () => {
      const places = chart.lines.flatMap((line) => line.x ?? []);
      return [Math.min(...places), Math.max(...places)];
    };

    function traces(line) {
      const x = line.x ?? stretch();
      const along = (values) => (line.x ? values : x.map(() => values[0]));
      const look = { x: root(x), visible: shown(line), type: "scatter", mode: line.x ? "lines+markers" : "lines" };
      const edge = { ...look, mode: "lines", hoverinfo: "skip", line: { width: 0 } };
      const band = line.low
        ? [
            { ...edge, y: along(line.low) },
            { ...edge, y: along(line.high), fill: "tonexty", fillcolor: `${line.color}26` },
          ]
        : [];
      const range = (at) => (line.low ? ` (${along(line.low)[at]} … ${along(line.high)[at]})` : "");
      const said = x.map((value, at) => range(at) + (chart.root ? ` at step ${value}` : ""));
      const own = { name: plain(line.name), line: { color: line.color, dash: line.dash }, marker: { size: 4 } };
      return [...band, { ...look, ...own, y: along(line.y), customdata: said, hovertemplate: "%{y:.5~g}%{customdata}" }];
    }

    function marks() {
      const last = Math.max(...stretch());
      const places = Array.from({ length: 6 }, (_, part) => Math.round(last * (part / 5) ** 2));
      if (!chart.root) return { title: { text: chart.x } };
      const ticks = { tickmode: "array", tickvals: places.map(Math.sqrt), ticktext: places.map(short) };
      return { ...ticks, title: { text: `${chart.x}, √ scale` }, unifiedhovertitle: { text: plain(chart.title) } };
    }

    function draw() {
      const axis = { zeroline: false, gridcolor: "#e6e6e6", automargin: true };
      const layout = {
        xaxis: { ...axis, ...marks() },
        yaxis: { ...axis, title: { text: chart.y }, type: logarithmic.checked ? "log" : "linear", exponentformat: "power" },
        height: 380, margin: { t: 16, r: 16, b: 60, l: 64 }, showlegend: false, hovermode: "x unified", hoverdistance: -1,
        dragmode: coarse ? false : "zoom", font: { color: "#222222" }, transition: { duration: still ? 0 : 150 },
      };
      Plotly.react(plot, chart.lines.flatMap(traces), layout, { responsive: true, displayModeBar: false });
    }

    function choose() {
      [chart, place] = [charts[Number(select?.value ?? 0)], null];
      reading.value = "";
      plot.setAttribute("role", "group");
      plot.setAttribute("aria-label", `Chart: ${chart.title}. The arrow keys read its values.`);
      learners.replaceChildren(element(learners, "legend", {}, "Show"));
      chart.lines.forEach((line, index) => {
        const box = { type: "checkbox", checked: true, value: index, onchange: draw };
        const label = element(learners, "label");
        element(label, "input", box);
        element(label, "span", { className: "swatch" }).style.background = line.color;
        label.append(line.name);
      });
      draw();
    }

    plot.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const places = [...new Set(chart.lines.flatMap((line) => line.x ?? []))].sort((a, b) => a - b);
      place = Math.max(0, Math.min(places.length - 1, place === null ? 0 : place + step));
      const value = (line) => (line.x ? line.y[line.x.indexOf(places[place])] : line.y[0]);
      const words = chart.lines.filter(shown).map((line) => [line.name, value(line)]);
      const there = words.filter(([, y]) => y !== null && y !== undefined).map(([name, y]) => `${name} ${short(y)}`);
      reading.value = `${chart.x} ${short(places[place])}: ${there.join("; ") || "no values"}`;
    });
    select?.addEventListener("change", choose);
    logarithmic.addEventListener("change", draw);
    choose();
  }

  for (const details of document.querySelectorAll("details.explore")) {
    details.hidden = false;
    details.addEventListener("toggle", () => details.open && !details.querySelector(".plot") && explore(details));
  }
  const first = document.querySelector("details.explore");
  if (first) first.open = true;
}
