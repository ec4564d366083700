// What the app loads when it is first needed: a module cannot import by itself from WebAssembly.
globalThis.proofroomPages = () => import('./{{PAGES}}');
// To work without a network, and to hear of a new version: the page offers it, and waits.
if ('serviceWorker' in navigator) {
  navigator.serviceWorker.register('./sw.js').then((registration) => {
    setInterval(() => registration.update().catch(() => {}), 30 * 60 * 1000);
  }).catch((error) => console.warn('offline start is not possible:', error));
}
