import { render } from "preact";
import { App } from "./app.tsx";
import "./style/base.css";
import "./style/frame.css";
import "./style/trace.css";
import "./style/counts.css";
import { applyTheme } from "./ui/theme.ts";
import { followLinks } from "./url/location.ts";

applyTheme();
followLinks();
const page = document.getElementById("page");
if (page !== null) {
  render(<App />, page);
}
