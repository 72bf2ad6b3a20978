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

  function lines(chart, xTitle, yTitle, noise) {
    const sets = chart.series.map(each => {
      const at = data.stacks.indexOf(each.name);
      return {
        label: each.name, data: each.values, borderColor: colour(series(each.name)), backgroundColor: colour(series(each.name)),
        borderDash: dashes[Math.floor(at / 6) % dashes.length], pointStyle: points[at % points.length],
        pointRadius: chart.names.length > 60 ? 0 : 4, borderWidth: 2
      };
    });
    if (noise) {
      const outputs = chart.noise.map((value, i) => chart.names[i].startsWith('output') ? value : null);
      sets.push({
        label: 'rounding of outputs', data: outputs, spanGaps: true, borderColor: colour('soft'), backgroundColor: colour('soft'),
        borderDash: [4, 4], borderWidth: 1.5, pointRadius: 0, pointStyle: 'line'
      });
    }
    return {
      type: 'line',
      data: { labels: chart.names, datasets: sets },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false,
        interaction: { mode: 'index', intersect: false },
        plugins: { legend: legend(), tooltip: { callbacks: { label: item => item.dataset.label + ': ' + item.raw.toExponential(2) } } },
        scales: {
          x: axis(xTitle, { ticks: { color: colour('soft'), maxTicksLimit: 12, maxRotation: 0, callback: i => noise ? i : shortened(chart.names[i]) } }),
          y: axis(yTitle, { type: 'logarithmic', ticks: { color: colour('soft'), maxTicksLimit: 8, callback: value => value.toExponential(0) } })
        }
      }
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
      return lines(chart, 'place in the order of computation', 'relative difference', true);
    });
  }

  function layers() {
    draw('layer-chart', () => lines(chosen('layer-model', data.layers), 'layer', 'relative error', false));
  }

  function all() {
    draw('drift-chart', drift);
    layers();
    tensors();
  }

  function reveal() {
    const said = location.hash.startsWith('#said-') ? document.getElementById(location.hash.slice(1)) : null;
    if (said !== null) {
      said.open = true;
      said.scrollIntoView();
    }
  }

  all();
  document.getElementById('layer-model')?.addEventListener('change', layers);
  document.getElementById('tensor-model')?.addEventListener('change', tensors);
  for (const media of ['(prefers-color-scheme: dark)', 'print']) {
    matchMedia(media).addEventListener('change', all);
  }
  addEventListener('hashchange', reveal);
  document.querySelectorAll('a.cell').forEach(cell => cell.addEventListener('click', () => setTimeout(reveal)));
  reveal();
})();
