(() => {
  'use strict';
  const data = JSON.parse(document.getElementById('chart-data').textContent);
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const charts = [];

  // One standard error to both sides of a bar, the limit across it, and the figure at its end.
  const whiskers = {
    id: 'whiskers',
    afterDatasetsDraw(chart) {
      const { ctx, scales: { x }, chartArea } = chart;
      const inside = value => Math.min(chartArea.right, Math.max(chartArea.left, x.getPixelForValue(value)));
      chart.getDatasetMeta(0).data.forEach((bar, i) => {
        const item = data.drift[i];
        const half = bar.height / 2;
        ctx.save();
        ctx.strokeStyle = ctx.fillStyle = colour('ink');
        if (item.limit !== null) {
          ctx.lineWidth = 2.5;
          ctx.beginPath();
          ctx.moveTo(inside(item.limit), bar.y - half - 5);
          ctx.lineTo(inside(item.limit), bar.y + half + 5);
          ctx.stroke();
        }
        if (item.value !== null && item.value > x.max) {
          ctx.save();
          ctx.strokeStyle = colour('page');
          ctx.lineWidth = 3;
          for (const at of [22, 14]) {
            ctx.beginPath();
            ctx.moveTo(chartArea.right - at - 4, bar.y + half + 2);
            ctx.lineTo(chartArea.right - at + 4, bar.y - half - 2);
            ctx.stroke();
          }
          ctx.restore();
        }
        let end = inside(item.value ?? 0);
        if (item.value !== null && item.error !== null && item.value <= x.max) {
          const from = inside(item.value - item.error);
          const to = inside(item.value + item.error);
          ctx.lineWidth = 1.5;
          ctx.beginPath();
          ctx.moveTo(from, bar.y); ctx.lineTo(to, bar.y);
          ctx.moveTo(from, bar.y - 4); ctx.lineTo(from, bar.y + 4);
          ctx.moveTo(to, bar.y - 4); ctx.lineTo(to, bar.y + 4);
          ctx.stroke();
          end = Math.max(to, inside(0));
        }
        if (item.limit !== null && Math.abs(inside(item.limit) - end) < 60 && inside(item.limit) >= end) {
          end = inside(item.limit);
        }
        ctx.font = '600 12px system-ui, sans-serif';
        ctx.textBaseline = 'middle';
        ctx.fillText(item.label, end + 8, bar.y);
        ctx.restore();
      });
    }
  };

  function drift() {
    return new Chart(document.getElementById('drift-chart'), {
      type: 'bar',
      data: {
        labels: data.drift.map(item => item.lines),
        datasets: [{
          data: data.drift.map(item => item.value),
          backgroundColor: data.drift.map(item => colour(item.kind === 'bad' ? 'bar-bad' : item.kind === 'good' ? 'bar' : 'bar-quiet')),
          barThickness: 18
        }]
      },
      options: {
        indexAxis: 'y', animation: false, responsive: true, maintainAspectRatio: false,
        layout: { padding: { right: window.innerWidth < 640 ? 62 : 80 } },
        plugins: { legend: { display: false }, tooltip: { callbacks: { label: item => data.drift[item.dataIndex].tip } } },
        scales: {
          x: {
            min: data.driftFrom, max: data.driftTo,
            title: { display: true, text: 'drift, %', color: colour('soft') },
            ticks: { color: colour('soft'), includeBounds: false }, grid: { color: colour('line') }, border: { color: colour('line') }
          },
          y: { ticks: { color: colour('ink'), autoSkip: false }, grid: { display: false }, border: { color: colour('soft') } }
        }
      },
      plugins: [whiskers]
    });
  }

  function layers() {
    const points = ['circle', 'rect', 'triangle', 'rectRot', 'star', 'crossRot'];
    const dashes = [[], [7, 4], [2, 3], [10, 4, 2, 4], [4, 4], [1, 2]];
    return new Chart(document.getElementById('layer-chart'), {
      type: 'line',
      data: {
        labels: data.layers.names,
        datasets: data.layers.series.map((series, i) => ({
          label: series.name, data: series.values,
          borderColor: colour('series-' + (i % 6 + 1)), backgroundColor: colour('series-' + (i % 6 + 1)),
          borderDash: dashes[Math.floor(i / 6) % dashes.length], pointStyle: points[(i + Math.floor(i / 6)) % points.length],
          pointRadius: data.layers.names.length > 60 ? 0 : 4, borderWidth: 2
        }))
      },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false,
        interaction: { mode: 'index', intersect: false },
        plugins: { legend: { position: 'bottom', align: 'start', labels: { color: colour('ink'), usePointStyle: true, boxWidth: 9, boxHeight: 9, padding: 14 } } },
        scales: {
          x: {
            title: { display: true, text: 'layer', color: colour('soft') },
            ticks: { color: colour('soft') }, grid: { color: colour('line') }, border: { color: colour('line') }
          },
          y: {
            type: 'logarithmic',
            title: { display: true, text: 'relative error', color: colour('soft') },
            ticks: { color: colour('soft'), maxTicksLimit: 8 }, grid: { color: colour('line') }, border: { color: colour('line') }
          }
        }
      }
    });
  }

  function draw() {
    charts.splice(0).forEach(chart => chart.destroy());
    charts.push(drift());
    if (data.layers.series.length > 0) {
      charts.push(layers());
    }
  }

  draw();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
})();
