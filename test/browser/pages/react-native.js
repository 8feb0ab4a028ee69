// A stub of React Native's AppState.
const listeners = [];
export const AppState = {
  addEventListener: (type, listener) => listeners.push(listener),
  emit: (state) => listeners.forEach((listener) => listener(state)),
};
