// The only script of the offline page: it loads the wanted page once the connection is back.
addEventListener('online', () => location.reload());
