export function UsersPanel() { return <h1>UsersPanel</h1> }
