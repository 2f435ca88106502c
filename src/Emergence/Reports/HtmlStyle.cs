namespace Emergence.Reports;

/// <summary>Looks and behaviour of every page. Nothing is loaded from anywhere; without scripts sorting and sliders are missing.</summary>
internal static class HtmlStyle
{
    public const string Css = """
        :root{color-scheme:light dark;--page:#f5f6f8;--card:#fff;--ink:#1c2127;--dim:#5b6470;--rule:#dfe3e8;--accent:#0b67b2;
        --good:#00734f;--mid:#8a5a00;--bad:#b3261e}
        @media screen and (prefers-color-scheme:dark){:root{--page:#0e1114;--card:#15191e;--ink:#e6e9ed;--dim:#9da6b1;--rule:#2b323a;
        --accent:#5fb0f0;--good:#3fcf9f;--mid:#e0bd4a;--bad:#ff8a80}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
        body::before{content:"";display:block;height:5px;background:linear-gradient(90deg,#440154,#414487,#2a788e,#22a884,#7ad151,#fde725)}
        main,header,footer{max-width:1270px;margin:0 auto;padding:0 clamp(14px,3vw,32px)}
        header{padding-top:28px}
        h1{font-size:clamp(1.05rem,2.4vw,1.25rem);margin:0;font-weight:650;overflow-wrap:anywhere}
        h2{font-size:1.2rem;margin:0 0 6px;font-weight:650}
        h3{font-size:1rem;margin:0 0 6px}
        p{margin:0 0 12px;max-width:76ch}
        .about{color:var(--dim);margin:2px 0 14px;max-width:none}
        .finding{font-size:clamp(1.25rem,3vw,1.75rem);line-height:1.3;font-weight:600;max-width:62ch;margin:0 0 20px;text-wrap:pretty}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,205px),1fr));gap:12px;margin:0 0 24px}
        .tile,.card,figure{background:var(--card);border:1px solid var(--rule);border-radius:10px}
        .tile{padding:12px 16px}
        .tile b{display:block;font-size:1.35rem;line-height:1.25;font-weight:650;font-variant-numeric:tabular-nums}
        .tile span{color:var(--dim);font-size:.86rem;line-height:1.35;display:block}
        .text p{white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.9;max-width:none;margin:4px 0 14px}
        .text span{padding:.2em 0}
        section{padding:22px 0 6px}
        .columns{display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start;margin:12px 0 14px}
        .columns>div{display:grid;grid-template-columns:minmax(0,1fr);gap:16px;min-width:0;flex:var(--w) 1 var(--least);max-width:min(100%,calc(var(--w)*1.35px))}
        figure{margin:0;padding:12px;min-width:0}
        .scroll{overflow-x:auto}
        svg{display:block;width:100%;height:auto}
        svg.wide{width:auto;min-width:100%}
        figcaption{color:var(--dim);font-size:.86rem;line-height:1.4;margin-top:6px;contain:inline-size}
        svg .plate{pointer-events:none}svg .cell:hover,svg .bar:hover{stroke:var(--ink);stroke-width:2}
        .slider label{display:block;font-weight:600}.slider output{font-variant-numeric:tabular-nums}
        .slider input{width:100%;min-height:28px;margin:4px 0 8px;accent-color:var(--accent)}
        .slider input:focus-visible,th:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
        [hidden]{display:none!important}
        .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:14px;margin:12px 0}
        .card{padding:14px 18px;border-top:4px solid var(--rule)}
        .card.good{border-top-color:var(--good)}.card.mid{border-top-color:var(--mid)}.card.bad{border-top-color:var(--bad)}
        .card ul{margin:0;padding-left:1.1em}.card li{margin:0 0 6px}
        details,.table{margin:10px 0}
        summary{cursor:pointer;font-weight:600;padding:6px 0}
        .table .scroll,details .scroll{background:var(--card);border:1px solid var(--rule);border-radius:10px;max-height:560px;overflow:auto}
        table{border-collapse:collapse;font-size:.82rem;font-variant-numeric:tabular-nums;width:100%}
        caption,.caption{text-align:left;font-weight:600;padding:6px 0}
        th,td{padding:4px 7px;text-align:left;white-space:nowrap;border-bottom:1px solid var(--rule)}
        tbody tr:last-child td{border-bottom:0}
        th{position:sticky;top:0;background:var(--card);color:var(--dim);font-weight:600}
        th[tabindex]{cursor:pointer}
        th[aria-sort=ascending]::after{content:" \2191"}th[aria-sort=descending]::after{content:" \2193"}
        .num{text-align:right}
        td.long{white-space:normal;overflow-wrap:anywhere;min-width:14em}
        tbody tr:hover{background:color-mix(in srgb,var(--accent) 9%,transparent)}
        .v-ok{color:var(--good)}.v-below-exact,.v-at-ceiling{color:var(--mid)}.v-unreliable,.v-failed{color:var(--bad);font-weight:600}
        pre{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:12px 16px;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.88rem}
        footer{color:var(--dim);font-size:.86rem;padding-top:18px;padding-bottom:36px}
        @media print{body{background:#fff;font-size:11pt}body::before{display:none}.table .scroll,details .scroll{max-height:none;overflow:visible}
        figure,.card,.tile,tr{break-inside:avoid}th{position:static}details::details-content{content-visibility:visible;block-size:auto}}
        """;

    /// <summary>A click or Enter on a column's name sorts by it: by number if both are numbers, else by text. Printing opens what is
    /// folded.</summary>
    public const string Script = """
        for (const table of document.querySelectorAll('table')) {
          const heads = [...table.querySelectorAll('thead th')], body = table.tBodies[0];
          heads.forEach((head, column) => {
            head.tabIndex = 0;
            head.title = 'sort';
            const sort = () => {
              const up = head.getAttribute('aria-sort') !== 'ascending';
              heads.forEach(h => h.removeAttribute('aria-sort'));
              head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
              const key = row => row.cells[column].textContent;
              const order = (a, b) => {
                const x = parseFloat(key(a)), y = parseFloat(key(b));
                return isNaN(x) || isNaN(y) ? key(a).localeCompare(key(b)) : x - y;
              };
              body.append(...[...body.rows].sort((a, b) => up ? order(a, b) : order(b, a)));
            };
            head.addEventListener('click', sort);
            head.addEventListener('keydown', e => { if (e.key === 'Enter') sort(); });
          });
        }
        for (const slider of document.querySelectorAll('.slider')) {
          const input = slider.querySelector('input'), panes = [...slider.querySelectorAll('.pane')];
          const show = () => {
            panes.forEach((pane, i) => pane.hidden = i !== +input.value);
            slider.querySelector('output').textContent = panes[input.value].dataset.value;
            input.setAttribute('aria-valuetext', panes[input.value].dataset.value);
          };
          input.hidden = false;
          input.addEventListener('input', show);
          show();
        }
        addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(d => d.open = true));
        """;
}
