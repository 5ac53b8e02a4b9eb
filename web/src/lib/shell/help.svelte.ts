export const help: { open: boolean } = $state({ open: false })
export const openHelp = (): void => void (help.open = true)
