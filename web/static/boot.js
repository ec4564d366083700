// The app's module has started the page; what is left is to work without a network.
if ('serviceWorker' in navigator) {
  navigator.serviceWorker.register('./sw.js').catch((error) => console.warn('offline start is not possible:', error));
}
