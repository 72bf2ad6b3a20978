package io.modelassay.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder of a checkpoint as untrusted ground: a name found in one of its files leads to a regular file inside it, or
 * to an error.
 */
final class CheckpointFolder {

    private static final Pattern DRIVE_LETTER = Pattern.compile("^[A-Za-z]:.*", Pattern.DOTALL);

    private final Path folder;
    private final Path realFolder;

    private CheckpointFolder(Path folder, Path realFolder) {
        this.folder = folder;
        this.realFolder = realFolder;
    }

    /** @throws CheckpointException if there is no such folder */
    static CheckpointFolder of(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw CheckpointException.of(CheckpointProblem.MISSING_FOLDER, "There is no such checkpoint folder or file")
                    .file(folder)
                    .next("check the path; relative paths start at "
                            + Path.of("").toAbsolutePath());
        }
        try {
            return new CheckpointFolder(folder, folder.toRealPath());
        } catch (IOException e) {
            throw FileSignature.unreadable(folder, e);
        }
    }

    Path path() {
        return folder;
    }

    Path resolve(String trustedName) {
        return folder.resolve(trustedName);
    }

    /** A file by a name of our own choice, or empty if there is none. */
    Optional<Path> find(String trustedName) {
        Path file = folder.resolve(trustedName);
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        checkRegularAndInside(file);
        return Optional.of(file);
    }

    /** Sorted names of the entries directly in the folder. */
    List<String> names() {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw FileSignature.unreadable(folder, e);
        }
    }

    /**
     * Follows a relative name that a file of the checkpoint holds. The file need not exist.
     *
     * @param source the file that holds the name
     * @throws CheckpointException if the name could lead out of the folder on any operating system
     */
    Path resolveUntrusted(String name, Path source) {
        String why = whyUnsafe(name);
        if (why != null) {
            throw escape("The file name " + CheckpointException.quote(name) + " " + why, source);
        }
        try {
            return folder.resolve(Path.of(name).normalize());
        } catch (InvalidPathException e) {
            throw escape("The file name " + CheckpointException.quote(name) + " is no path here", source);
        }
    }

    /** Why a name could lead out of a folder on any operating system, as the end of a sentence; null if it can't. */
    static @Nullable String whyUnsafe(String name) {
        if (name.isEmpty()) {
            return "is empty";
        } else if (name.indexOf('\0') >= 0) {
            return "contains a NUL character";
        } else if (name.indexOf('\\') >= 0) {
            return "contains a backslash";
        } else if (name.startsWith("/")) {
            return "is absolute";
        } else if (DRIVE_LETTER.matcher(name).matches()) {
            return "starts with a drive letter";
        } else if (List.of(name.split("/", -1)).contains("..")) {
            return "contains \"..\"";
        }
        return null;
    }

    /** Refuses a folder, a pipe or device, a dangling link, and a link that leaves the folder. */
    void checkRegularAndInside(Path file) {
        if (!Files.isRegularFile(file)) {
            String what = Files.isDirectory(file)
                    ? "a folder"
                    : Files.isSymbolicLink(file) ? "a link to nothing" : "no regular file";
            throw CheckpointException.of(CheckpointProblem.NOT_A_FILE, "A file was expected here, this is " + what)
                    .file(file)
                    .next("put the file itself here");
        }
        Path real;
        try {
            real = file.toRealPath();
        } catch (IOException e) {
            throw FileSignature.unreadable(file, e);
        }
        if (!real.startsWith(realFolder) && !isHubBlob(real)) {
            throw escape("The file is a link that leaves the checkpoint folder", file);
        }
    }

    /** The Hugging Face cache keeps snapshots/REVISION/NAME as links to blobs/HASH of the same repository. */
    private boolean isHubBlob(Path real) {
        Path snapshots = realFolder.getParent();
        if (snapshots == null || !snapshots.endsWith("snapshots")) {
            return false;
        }
        Path parent = real.getParent();
        return parent != null && parent.equals(snapshots.resolveSibling("blobs"));
    }

    private static CheckpointException escape(String what, Path source) {
        return CheckpointException.of(CheckpointProblem.PATH_ESCAPE, what)
                .file(source)
                .next("keep every file of the checkpoint inside its folder, named by a plain relative path");
    }
}
