#include "gradcheck/report/html.hpp"

#include <fmt/format.h>

#include "gradcheck/report/text.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr std::string_view style = R"(<style>
:root{color-scheme:light}
body{font:15px/1.5 system-ui,sans-serif;color:#1d2733;background:#fff;max-width:68rem;
margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .5rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .7rem;border-bottom:1px solid #e3e8ee;text-align:right}
th{font-weight:600;color:#51606f}td.l,th.l{text-align:left}
.scroll{overflow-x:auto}
.pass{color:#13733f}.fail{color:#b3261e}.inconclusive{color:#8a5a00}
.verdict{font-weight:700}.headline{font-size:1.1rem}
.maps{display:flex;flex-wrap:wrap;gap:1.2rem}figure{margin:0}
figcaption{font-size:.85rem;color:#51606f}svg{border:1px solid #d4dbe3}
.plots{display:flex;flex-wrap:wrap;gap:1.5rem}.plot{max-width:440px}.plot svg{border:0;max-width:100%;height:auto}
.plot text{font:11px system-ui,sans-serif;fill:#51606f}.plot .axis{font-size:12px;fill:#1d2733}
.plot .grid{stroke:#e8ecf1}.plot .ideal{stroke:#9aa5b1;stroke-dasharray:4 3}
.legend{margin-left:.8rem;white-space:nowrap}
.legend i{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.3em}
.causes{list-style:none;padding:0}.causes li{border-left:4px solid #b3261e;background:#fdf3f2;
padding:.5rem .8rem;margin:.4rem 0}.causes b{margin-right:.4rem}
.causes .sure{color:#51606f;font-size:.85rem;margin-right:.6rem}
.number{white-space:nowrap}
.replays dd{margin:.1rem 0 .6rem 1rem}
.replays code{display:block;overflow-x:auto;background:#f3f5f8;padding:.3rem .6rem;font-size:.85rem}
.key span{display:inline-block;padding:0 .6rem;font-size:.8rem}
</style>
)";

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : readable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string page_start(std::string_view title) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
      "<title>{}</title>\n{}</head><body>\n",
      escaped(title), style);
}

std::string page_end() { return "</body></html>\n"; }

}  // namespace dtheta::gradcheck::detail
