/* Zoom and read-out of the line charts, with uPlot. The figures come from the table behind each chart. Without this
   script, and on paper, the drawing that the page holds is what is seen; to those who hear the page it always is. */
"use strict";
(() => {
  const sheet = getComputedStyle(document.documentElement);
  const colour = (name) => sheet.getPropertyValue(name).trim();
  const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
  const BAND_OPACITY = "2b";
  const SETTLED_BEYOND = 10;
  const NARROWEST = { x: 0.1, y: Math.log10(1.02) };
  const LEAST_HEIGHT = 240;
  const DASHES = [[6, 4], [], [2, 3], [9, 3, 2, 3]];

  const number = (text) => {
    const value = parseFloat(text.replaceAll(",", ""));
    return Number.isNaN(value) ? null : value;
  };
  const log = (value) => (value > 0 ? Math.log10(value) : null);
  const interval = (text) => text.split(" to ").map(number);
  const rounded = (value) => parseFloat(value.toPrecision(6));

  /* Round values from 10^low to 10^high: of the series 1, 2, 5 or, in less than a decade, multiples of a step. */
  const marks = (low, high) => {
    const [first, last] = [10 ** low, 10 ** high];
    const found = [];
    if (high - low > 0.7) {
      const factors = high - low > 2.2 ? [1] : [1, 2, 5];
      for (let power = Math.floor(low); power <= high; power++) {
        for (const factor of factors) found.push(factor * 10 ** power);
      }
    } else {
      const rough = (last - first) / 5;
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
      for (let value = Math.ceil(first / step) * step; value <= last; value += step) found.push(value);
    }
    return found.map(rounded).filter((value) => value >= first * 0.9999 && value <= last * 1.0001);
  };

  const SECONDS = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1 };
  const quantity = (value, unit) => {
    if (!(unit in SECONDS) || value <= 0) return `${rounded(value)} ${unit}`;
    const seconds = value * SECONDS[unit] * (1 + 1e-9);
    const name = ["s", "ms", "us"].find((each) => seconds >= SECONDS[each]) ?? "ns";
    return `${rounded((value * SECONDS[unit]) / SECONDS[name])} ${name}`;
  };

  const decades = (percentile) => -Math.log10(1 - percentile / 100);
  const percentileMarks = (low, high) => {
    const tails = [2];
    for (let power = 0; power <= 17; power++) {
      tails.push(10 ** power);
      if (high - low < 2.5) tails.push(2 * 10 ** power, 5 * 10 ** power);
    }
    return [...new Set(tails)].sort((a, b) => a - b).map(Math.log10)
      .filter((place) => place >= low - 1e-9 && place <= high + 1e-9);
  };
  const percentileText = (place) => {
    const tail = Math.round(10 ** place);
    const nines = Math.max(0, Math.ceil(place - 1e-9) - 2);
    return (100 * (1 - 1 / tail)).toFixed(tail === 1 ? 0 : nines + (tail.toString()[0] === "1" ? 0 : 1))
      .replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
  };

  const hidden = { stroke: "transparent", width: 0, points: { show: false } };
  const line = (style, width) => ({
    stroke: () => colour(`--arm-${style}`), width, dash: DASHES[style], points: { show: false }, spanGaps: true,
  });
  const bodyRows = (figure) =>
    [...figure.querySelector("table").tBodies[0].rows]
      .map((row) => [...row.cells].map((cell) => cell.textContent.trim()));

  /* A chart: x, arms (style, values, low, high; all logarithms), how x is labelled, and a sentence for one place. */
  const readers = {
    spectrum(figure) {
      const rows = bodyRows(figure);
      const { unit } = figure.dataset;
      const arms = [...figure.querySelectorAll("th[data-style]")].map((head, place) => {
        const [value, bounds, beyond] = [1, 2, 3].map((offset) => rows.map((row) => row[3 * place + offset]));
        return {
          style: Number(head.dataset.style),
          name: head.dataset.arm,
          values: value.map(number).map(log),
          low: bounds.map((text) => log(interval(text)[0])),
          high: bounds.map((text) => log(interval(text)[1] ?? null)),
          thin: beyond.map((text) => number(text) < SETTLED_BEYOND),
        };
      });
      const x = rows.map((row) => decades(parseFloat(row[0])));
      const told = (place) => arms.map((arm, nth) => {
        const [value, bounds] = rows[place].slice(3 * nth + 1);
        return `${arm.name} ${value} ${value === "–" ? "" : unit}${bounds === "–" ? "" : ` (${bounds})`}`;
      }).join(", ");
      return {
        x, arms, unit, xMarks: percentileMarks, xText: percentileText, xLabel: "percentile",
        sentence: (place) => `p${rows[place][0]}: ${told(place)}`,
      };
    },
    history(figure) {
      const rows = bodyRows(figure);
      const { unit } = figure.dataset;
      const column = (place) => rows.map((row) => log(number(row[place])));
      const x = rows.map((row) => Number(row[0]));
      const step = (low, high) => Math.max(1, Math.ceil((high - low) / 8));
      return {
        x, unit, xText: String, xLabel: "results in order of time",
        arms: [{ style: 0, solid: true, values: column(3), low: column(4), high: column(5), thin: [] }],
        xMarks: (low, high) => {
          const found = [];
          for (let place = Math.ceil(low); place <= high; place += step(low, high)) found.push(place);
          return found;
        },
        sentence: (place) => {
          const [result, label, created, value, low, high] = rows[place];
          return `Result ${result}, ${label ? `${label}, ` : ""}${created}: ${value} ${unit} (runs ${low} to ${high})`;
        },
      };
    },
  };

  /* Each arm as four series: where it is settled, where it is not, and both ends of its interval. */
  const seriesOf = (arm) => {
    const firstThin = arm.thin.findIndex((thin, place) => thin && arm.values[place] !== null);
    const end = firstThin < 0 ? arm.values.length : firstThin;
    const dashed = arm.solid ? { dash: [] } : {};
    return [
      [arm.values.map((value, place) => (place < end ? value : null)), { ...line(arm.style, 2), ...dashed }],
      [arm.values.map((value, place) => (place >= end - 1 ? value : null)), { ...line(arm.style, 1), ...dashed }],
      [arm.high, hidden],
      [arm.low, hidden],
    ];
  };

  const polygon = (corners) => (at, x, y, r) => {
    for (const [dx, dy] of corners) at.lineTo(x + dx * r, y + dy * r);
  };
  /* Circle, diamond, square, triangle: as the drawings have them. */
  const MARKERS = [
    (at, x, y, r) => at.arc(x, y, r, 0, 2 * Math.PI),
    polygon([[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]]),
    (at, x, y, r) => at.rect(x - 0.95 * r, y - 0.95 * r, 1.9 * r, 1.9 * r),
    polygon([[0, -1.25], [1.2, 0.9], [-1.2, 0.9]]),
  ];
  const MARKED = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999].map((q) => -Math.log10(1 - q));

  const drawMarkers = (u, chart) => {
    const at = u.ctx;
    for (const arm of chart.arms) {
      const last = arm.values.findLastIndex((value) => value !== null);
      chart.x.forEach((x, place) => {
        const isMarked = place === last || MARKED.some((mark) => Math.abs(mark - x) < 1e-6);
        if (arm.solid ? chart.x.length > 60 : !isMarked) return;
        if (arm.values[place] === null) return;
        at.beginPath();
        MARKERS[arm.style](at, u.valToPos(x, "x", true), u.valToPos(arm.values[place], "y", true), 4 * uPlot.pxRatio);
        at.closePath();
        at.fillStyle = colour(arm.style === 1 ? "--arm-1" : "--page");
        at.strokeStyle = colour(`--arm-${arm.style}`);
        at.lineWidth = 1.8 * uPlot.pxRatio;
        at.fill();
        at.stroke();
      });
    }
  };
  const drawLevel = (u, value, name, dash, text, mark) => {
    const { left, width } = u.bbox;
    const y = u.valToPos(log(value), "y", true);
    const at = u.ctx;
    at.beginPath();
    at.moveTo(left, y);
    at.lineTo(left + width, y);
    if (mark !== undefined) {
      const x = u.valToPos(mark, "x", true);
      at.moveTo(x, y - 5 * uPlot.pxRatio);
      at.lineTo(x, y + 5 * uPlot.pxRatio);
    }
    at.strokeStyle = at.fillStyle = colour(name);
    at.lineWidth = 1.4 * uPlot.pxRatio;
    at.setLineDash(dash.map((length) => length * uPlot.pxRatio));
    at.stroke();
    at.setLineDash([]);
    at.font = FONT.replace("12px", `${12 * uPlot.pxRatio}px`);
    at.textAlign = mark === undefined ? "right" : "left";
    at.textBaseline = "alphabetic";
    at.fillText(text, mark === undefined ? left + width - 4 : left + 6, y - 5 * uPlot.pxRatio);
  };
  const clipped = (u, draw) => {
    const { left, top, width, height } = u.bbox;
    u.ctx.save();
    u.ctx.beginPath();
    u.ctx.rect(left, top, width, height);
    u.ctx.clip();
    draw();
    u.ctx.restore();
  };

  const build = (figure, drawing, holder, bar) => {
    const chart = readers[figure.dataset.chart](figure);
    const floor = number(figure.dataset.floor ?? "");
    const limits = [...drawing.querySelectorAll(".limit")].map((limit) => ({
      value: Number(limit.dataset.value), place: decades(Number(limit.dataset.percentile)), text: limit.dataset.text,
    }));
    const all = chart.arms.flatMap((arm) => [arm.values, arm.low, arm.high]).flat().filter((value) => value !== null);
    all.push(...limits.map((limit) => log(limit.value)));
    if (drawing.querySelector(".floor")) all.push(log(floor));
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const room = Math.max(0.06 * (high - low), (Math.log10(2) - (high - low)) / 2);
    const end = chart.x.at(-1);
    const whole = {
      x: figure.dataset.chart === "history" ? { min: 0.5, max: end + 0.5 } : { min: 0, max: 1.02 * Math.max(1, end) },
      y: { min: low - room, max: high + room },
    };
    const size = () => {
      const [, , width, height] = drawing.getAttribute("viewBox").split(" ").map(Number);
      return { width: holder.clientWidth, height: Math.max(LEAST_HEIGHT, (holder.clientWidth * height) / width) };
    };
    const show = (u, range) => u.batch(() => {
      for (const axis of ["x", "y"]) u.setScale(axis, range[axis]);
    });
    const asIs = (u, min, max) => [min, max];
    const drawn = chart.arms.flatMap(seriesOf);
    const ink = () => colour("--quiet");
    const axis = (values, more) => ({
      stroke: ink, font: FONT, grid: { stroke: () => colour("--grid"), width: 1 }, ticks: { show: false },
      border: { show: true, stroke: ink, width: 1 }, values, ...more,
    });
    const u = new uPlot({
      ...size(),
      legend: { show: false },
      scales: { x: { time: false, range: asIs, ...whole.x }, y: { range: asIs, ...whole.y } },
      series: [{}, ...drawn.map(([, options]) => options)],
      bands: chart.arms.map((arm, place) => ({
        series: [4 * place + 3, 4 * place + 4], fill: () => colour(`--arm-${arm.style}`) + BAND_OPACITY,
      })),
      axes: [
        axis((_, places) => places.map(chart.xText), {
          splits: (_, __, min, max) => chart.xMarks(min, max),
          label: chart.xLabel, labelFont: FONT, labelSize: 16, labelGap: 0, size: 26,
        }),
        axis((_, places) => places.map((place) => quantity(rounded(10 ** place), chart.unit)), {
          splits: (_, __, min, max) => marks(min, max).map(Math.log10), size: 66, gap: 6,
        }),
      ],
      cursor: {
        y: false, points: { show: false }, drag: { x: true, y: true, uni: 25, dist: 4 },
        bind: { dblclick: () => () => show(u, whole) },
      },
      hooks: {
        drawClear: [() => {
          if (floor === null || floor < 10 ** u.scales.y.min) return;
          clipped(u, () => {
            const { left, top, width, height } = u.bbox;
            const y = u.valToPos(log(floor), "y", true);
            u.ctx.fillStyle = colour("--panel");
            u.ctx.fillRect(left, y, width, top + height - y);
            drawLevel(u, floor, "--quiet", [2, 3], "clock floor");
          });
        }],
        draw: [() => clipped(u, () => {
          for (const { value, place, text } of limits) drawLevel(u, value, "--bad", [7, 3, 1, 3], text, place);
          drawMarkers(u, chart);
        })],
        setCursor: [() => {
          if (u.cursor.idx !== null && u.cursor.left >= 0) bar.said.textContent = chart.sentence(u.cursor.idx);
        }],
        setScale: [() => {
          const isWhole = ["x", "y"].every((name) =>
            ["min", "max"].every((end) => Math.abs(u.scales[name][end] - whole[name][end]) < 1e-9));
          bar.whole.disabled = bar.out.disabled = isWhole;
        }],
      },
    }, [chart.x, ...drawn.map(([values]) => values)], holder);
    const zoom = (factor) => {
      const place = u.cursor.idx ?? null;
      const centre = { x: place === null ? null : chart.x[place] };
      centre.y = place === null ? null : chart.arms.map((arm) => arm.values[place]).find((value) => value !== null);
      const range = {};
      for (const name of ["x", "y"]) {
        const { min, max } = u.scales[name];
        const full = whole[name].max - whole[name].min;
        const span = Math.min(full, Math.max(NARROWEST[name], (max - min) * factor));
        const middle = centre[name] ?? (min + max) / 2;
        const start = Math.min(Math.max(middle - span / 2, whole[name].min), whole[name].max - span);
        range[name] = { min: start, max: start + span };
      }
      show(u, range);
    };
    const step = (by) => {
      const inView = chart.x.flatMap((x, place) => (x >= u.scales.x.min && x <= u.scales.x.max ? [place] : []));
      const now = inView.indexOf(u.cursor.idx);
      const next = inView[now < 0 ? 0 : Math.min(Math.max(now + by, 0), inView.length - 1)];
      if (next !== undefined) u.setCursor({ left: u.valToPos(chart.x[next], "x"), top: u.over.clientHeight / 2 });
    };
    new ResizeObserver(() => u.setSize(size())).observe(figure);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => u.redraw(false));
    return {
      in: () => zoom(0.5), out: () => zoom(2), whole: () => show(u, whole), left: () => step(-1), right: () => step(1),
    };
  };

  const KEYS = {
    "+": "in", "=": "in", "-": "out", Home: "whole", Escape: "whole", ArrowLeft: "left", ArrowRight: "right",
  };
  const BUTTONS = [["in", "+", "Zoom in"], ["out", "−", "Zoom out"], ["whole", "Whole", "Show the whole"]];
  const element = (name, properties) => Object.assign(document.createElement(name), properties);

  const prepare = (figure) => {
    const drawing = figure.querySelector("svg.picture");
    const title = drawing.querySelector("title").textContent;
    const holder = element("div", { className: "zoom", tabIndex: 0, hidden: true });
    holder.setAttribute("role", "group");
    const keys = "Arrow keys tell the figures, plus and minus zoom, Home shows all.";
    holder.setAttribute("aria-label", `Zoom: ${title}. ${keys}`);
    const bar = { said: element("output", { textContent: "Point for figures, drag to zoom." }) };
    const row = element("div", { className: "zoom-bar" });
    let chart;
    const act = (what) => {
      if (!chart) {
        holder.hidden = false;
        figure.classList.add("live");
        chart = build(figure, drawing, holder, bar);
      }
      if (what) chart[what]();
    };
    row.append(bar.said);
    for (const [what, text, spoken] of BUTTONS) {
      bar[what] = element("button", { type: "button", textContent: text, disabled: what !== "in" });
      const name = element("span", { className: "spoken", textContent: `${spoken}: ${title}` });
      bar[what].replaceChildren(element("span", { ariaHidden: "true", textContent: text }), name);
      bar[what].addEventListener("click", () => act(what));
      row.append(bar[what]);
    }
    holder.addEventListener("keydown", (event) => {
      if (!(event.key in KEYS) || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      act(KEYS[event.key]);
    });
    drawing.before(holder);
    drawing.after(row);
    return act;
  };

  const acts = new Map([...document.querySelectorAll("figure[data-chart]")].map((figure) => [figure, prepare(figure)]));
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      acts.get(target)();
    }
  }, { rootMargin: "300px" });
  for (const figure of acts.keys()) seen.observe(figure);
})();
