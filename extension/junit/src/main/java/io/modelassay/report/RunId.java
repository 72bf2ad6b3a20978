package io.modelassay.report;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Names the run that this JVM belongs to, so that test JVMs started by one launcher share a report. */
final class RunId {
    /** Surefire starts test JVMs through one. */
    private static final Set<String> SHELLS = Set.of("sh", "bash", "dash", "ash", "zsh", "ksh", "busybox", "cmd.exe");

    /** An IDE outlives many runs, each of one JVM. */
    private static final List<String> IDE_LAUNCHERS =
            List.of("com.intellij.rt.", "org.eclipse.jdt.internal.junit", "com.microsoft.java.test");

    private RunId() {}

    /** The named run, else the first launching process that is no shell, else this JVM itself. */
    static String current() {
        String named = System.getProperty(RunReport.RUN_PROPERTY, "");
        if (!named.isBlank()) {
            return named.replaceAll("[^A-Za-z0-9._-]", "_");
        }
        String command = System.getProperty("sun.java.command", "");
        if (IDE_LAUNCHERS.stream().anyMatch(command::startsWith)) {
            return own();
        }
        Optional<ProcessHandle> parent = ProcessHandle.current().parent();
        while (parent.isPresent() && isShell(parent.get())) {
            parent = parent.get().parent();
        }
        return id(parent.orElseGet(ProcessHandle::current));
    }

    /** This JVM. */
    static String own() {
        return id(ProcessHandle.current());
    }

    private static boolean isShell(ProcessHandle process) {
        return process.info()
                .command()
                .map(command -> Path.of(command).getFileName())
                .filter(name -> SHELLS.contains(name.toString()))
                .isPresent();
    }

    private static String id(ProcessHandle process) {
        return process.pid()
                + process.info()
                        .startInstant()
                        .map(start -> "-" + start.toEpochMilli())
                        .orElse("");
    }
}
