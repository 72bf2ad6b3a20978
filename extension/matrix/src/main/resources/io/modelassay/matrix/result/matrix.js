(() => {
  'use strict';
  const data = JSON.parse(document.getElementById('chart-data').textContent);
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const charts = new Map();
  const points = ['circle', 'rect', 'triangle', 'rectRot', 'star', 'crossRot'];
  const dashes = [[], [7, 4], [2, 3], [10, 4, 2, 4], [4, 4], [1, 2]];
  const series = stack => 'series-' + (data.stacks.indexOf(stack) % 6 + 1);

  const legend = () => ({
    position: 'bottom', align: 'start',
    labels: { color: colour('ink'), usePointStyle: true, boxWidth: 9, boxHeight: 9, padding: 14 }
  });
  const axis = (title, more) => ({
    title: { display: true, text: title, color: colour('soft') },
    ticks: { color: colour('soft'), maxTicksLimit: 10 }, grid: { color: colour('line') }, border: { color: colour('line') },
    ...more
  });

  // How far the lines of a chart are apart: the chart with the most to see is shown first.
  const spread = chart => Math.max(0, ...chart.names.map((name, i) => {
    const values = chart.series.map(each => each.values[i]).filter(value => value !== null);
    return values.length === 0 ? 0 : Math.log(Math.max(...values) / Math.min(...values));
  }));
  const largest = chart => Math.max(0, ...chart.series.flatMap(each => each.values.filter(value => value !== null)));

  function showFirst(id, charts, measure) {
    const select = document.getElementById(id);
    if (select !== null) {
      select.selectedIndex = charts.map(measure).reduce((best, value, i, all) => value > all[best] ? i : best, 0);
    }
  }

  function drift() {
    return {
      type: 'bar',
      data: {
        labels: data.drift.names.map(name => name.split(' as ')),
        datasets: data.drift.series.map(each => ({
          label: each.name, data: each.values, backgroundColor: colour(series(each.name)), pointStyle: 'rect', barThickness: 11
        }))
      },
      options: {
        indexAxis: 'y', animation: false, responsive: true, maintainAspectRatio: false,
        plugins: { legend: legend() },
        scales: {
          x: axis('drift, %'),
          y: { ticks: { color: colour('ink'), autoSkip: false }, grid: { display: false }, border: { color: colour('soft') } }
        }
      }
    };
  }

  function lines(chart, title, more) {
    return {
      type: 'line',
      data: { labels: chart.names, datasets: more.datasets },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false,
        interaction: { mode: 'index', intersect: false },
        plugins: {
          legend: { ...legend(), labels: { ...legend().labels, filter: item => !item.text.endsWith(weights) } },
          tooltip: { callbacks: { label: item => item.dataset.label + ': ' + item.raw.toExponential(2) } }
        },
        scales: {
          x: axis(title, { ticks: { color: colour('soft'), maxTicksLimit: 12, maxRotation: 0, callback: more.tick } }),
          y: axis(more.y, { type: 'logarithmic', ticks: { color: colour('soft'), maxTicksLimit: 8, callback: short } })
        }
      }
    };
  }

  const short = value => value >= 1e-3 ? String(Number(value.toPrecision(2))) : Number(value.toPrecision(2)).toExponential();
  const weights = ', weights';
  const only = (chart, kind, values) => values.map((value, i) => chart.names[i].startsWith(kind) ? value : null);

  function set(chart, each) {
    const at = data.stacks.indexOf(each.name);
    return {
      label: each.name, data: each.values, borderColor: colour(series(each.name)), backgroundColor: colour(series(each.name)),
      borderDash: dashes[Math.floor(at / 6) % dashes.length], pointStyle: points[at % points.length],
      pointRadius: chart.names.length > 60 ? 1.5 : 4, borderWidth: 2
    };
  }

  const shortened = name => name.slice(name.lastIndexOf('.') + 1);

  function draw(id, config) {
    const canvas = document.getElementById(id);
    if (canvas === null) {
      return;
    }
    charts.get(id)?.destroy();
    charts.set(id, new Chart(canvas, config()));
  }

  const chosen = (id, all) => all[document.getElementById(id).selectedIndex];

  function tensors() {
    draw('tensor-chart', () => {
      const chart = chosen('tensor-model', data.tensors);
      const same = chart.series.filter(each => each.values.every(value => value === null)).map(each => each.name);
      document.getElementById('tensor-note').textContent = same.length === 0 ? '' : 'No difference to measure with ' + same.join(', ') + '.';
      const outputs = chart.series.map(each => ({ ...set(chart, each), data: only(chart, 'output', each.values), spanGaps: true }));
      const stored = chart.series.map(each => ({
        ...set(chart, each), label: each.name + weights, data: only(chart, 'weight', each.values), showLine: false, pointStyle: 'crossRot', pointRadius: 7
      }));
      const rounding = {
        label: 'rounding of outputs', data: only(chart, 'output', chart.noise), spanGaps: true, borderColor: colour('soft'),
        backgroundColor: colour('soft'), borderDash: [4, 4], borderWidth: 1.5, pointRadius: 0, pointStyle: 'line'
      };
      return lines(chart, 'place in the order of computation', {
        datasets: [...outputs, ...stored, rounding], y: 'relative difference', tick: i => i
      });
    });
  }

  function layers() {
    draw('layer-chart', () => {
      const chart = chosen('layer-model', data.layers);
      return lines(chart, 'layer', {
        datasets: chart.series.map(each => set(chart, each)), y: 'relative error', tick: i => shortened(chart.names[i])
      });
    });
  }

  function headroom() {
    draw('headroom-chart', () => {
      const chart = chosen('headroom-model', data.headroom);
      const end = {
        label: 'end of fp16', data: chart.noise, borderColor: colour('soft'), backgroundColor: colour('soft'), borderDash: [4, 4],
        borderWidth: 1.5, pointRadius: 0, pointStyle: 'line'
      };
      return lines(chart, 'place in the order of computation', {
        datasets: [...chart.series.map(each => set(chart, each)), end], y: 'largest magnitude', tick: i => i
      });
    });
  }

  function all() {
    draw('drift-chart', drift);
    layers();
    headroom();
    tensors();
  }

  function reveal() {
    const said = location.hash.startsWith('#said-') ? document.getElementById(location.hash.slice(1)) : null;
    if (said !== null) {
      for (let fold = said; fold !== null; fold = fold.parentElement.closest('details')) {
        fold.open = true;
      }
      said.scrollIntoView();
    }
  }

  showFirst('layer-model', data.layers, spread);
  showFirst('tensor-model', data.tensors, largest);
  all();
  document.getElementById('layer-model')?.addEventListener('change', layers);
  document.getElementById('headroom-model')?.addEventListener('change', headroom);
  document.getElementById('tensor-model')?.addEventListener('change', tensors);
  for (const media of ['(prefers-color-scheme: dark)', 'print']) {
    matchMedia(media).addEventListener('change', all);
  }
  addEventListener('hashchange', reveal);
  document.querySelectorAll('a.cell').forEach(cell => cell.addEventListener('click', () => setTimeout(reveal)));
  reveal();
})();
