export { type FileDirectoryOptions, openFileDirectory } from "./file-directory.ts";
