// The theme: the system's, light or dark. boot.js sets the remembered one before the first paint.

import { recall, remember } from "./memory.js";

export const THEMES = [
  { id: "system", label: "System", icon: "monitor" },
  { id: "light", label: "Light", icon: "sun" },
  { id: "dark", label: "Dark", icon: "moon" },
];

/** The chosen theme's id. */
export function chosenTheme() {
  const theme = recall("theme", "system");
  return THEMES.some((each) => each.id === theme) ? theme : "system";
}

/** Choose a theme and show it. */
export function chooseTheme(theme) {
  remember("theme", theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
