export function ConfigPanel() { return <h1>ConfigPanel</h1> }
