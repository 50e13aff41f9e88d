/** Prints the usage and ends the process if the command line has `--help` or `-h`. */
export function printHelp(usage: string): void {
  if (!process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) return;
  console.log(usage);
  process.exit(0);
}
