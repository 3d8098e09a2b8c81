// Sets the chosen theme before anything is painted. A classic script on purpose: a module would come too late.
try {
  const theme = JSON.parse(localStorage.getItem("hub-bot-sandbox:theme"));
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Without storage the system's theme is shown.
}
