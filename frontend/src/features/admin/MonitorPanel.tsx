export function MonitorPanel() { return <h1>MonitorPanel</h1> }
