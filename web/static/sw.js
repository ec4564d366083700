// Keeps the app's files, so that it opens with the network unplugged. Work is not here:
// it lives in the engine's store, which an update of the app never touches.
const CACHE = 'proofroom-{{VERSION}}';
const FILES = {{FILES}};

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES.map((name) => './' + name))).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  // Old files stay until no page that was started with them is left.
  event.waitUntil(self.clients.matchAll({ type: 'window' }).then(async (pages) => {
    if (pages.length <= 1) {
      const names = await caches.keys();
      await Promise.all(names.filter((name) => name.startsWith('proofroom-') && name !== CACHE).map((name) => caches.delete(name)));
    }
    await self.clients.claim();
  }));
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin) return;
  const page = event.request.mode === 'navigate';
  event.respondWith((async () => {
    const held = await caches.match(page ? './index.html' : event.request, { ignoreSearch: page });
    if (held && !page) return held;
    try {
      return await fetch(event.request);
    } catch (error) {
      if (held) return held;
      throw error;
    }
  })());
});
