package io.modelassay.matrix;

import io.modelassay.failure.Problem;
import io.modelassay.matrix.result.CellOutcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a cell has ended, told from its JVM's end and from what that has left.
 *
 * @param detail a sentence and what to try; empty where nothing was wrong
 * @param running the test or container that was running
 */
record CellVerdict(
        CellOutcome outcome, String detail, @Nullable String running, List<String> notes) {
    private static final Map<Integer, String> SIGNALS = Map.of(
            4, "SIGILL", 6, "SIGABRT", 7, "SIGBUS", 8, "SIGFPE", 9, "SIGKILL", 11, "SIGSEGV", 13, "SIGPIPE", 15,
            "SIGTERM");

    private static final int FIRST_SIGNAL = 128;

    static CellVerdict of(Cell cell, CellProcess.End end, EventLog events, Figures figures, Path folder)
            throws IOException {
        List<String> notes = new ArrayList<>();
        Optional<String> eventsFault = events.fault().map(fault -> CellFolder.EVENTS + ": " + fault);
        Optional<String> figuresFault = figures.fault().map(fault -> CellFolder.FIGURES + ": " + fault);
        eventsFault.ifPresent(notes::add);
        figuresFault.ifPresent(notes::add);
        String running = events.running().orElse(null);
        String whileRunning = running == null ? "" : " while " + running + " was running";
        String logs = "stdout.log and stderr.log of the cell";
        if (end.reason() == CellProcess.Reason.TIME) {
            return new CellVerdict(
                    CellOutcome.TIMED_OUT,
                    Problem.text(
                            "It was ended after its limit of "
                                    + cell.settings().timeout().toSeconds() + " s" + whileRunning,
                            "the thread dump in stdout.log of the cell, or --timeout with more"),
                    running,
                    notes);
        }
        if (end.reason() == CellProcess.Reason.MEMORY) {
            return new CellVerdict(
                    CellOutcome.OUT_OF_MEMORY,
                    Problem.text(
                            "It had more resident than its limit of "
                                    + (cell.settings().memoryBytes() >> 20) + " MiB" + whileRunning,
                            "--memory with more"),
                    running,
                    notes);
        }
        if (end.exitCode() == CellMain.OUT_OF_MEMORY
                && text(folder.resolve(CellFolder.STDOUT)).contains(CellMain.OUT_OF_MEMORY_TEXT)) {
            return new CellVerdict(
                    CellOutcome.OUT_OF_MEMORY,
                    Problem.text(
                            "Its Java heap of " + (cell.settings().heapBytes() >> 20) + " MiB was exhausted"
                                    + whileRunning,
                            "--heap with more"),
                    running,
                    notes);
        }
        if (end.exitCode() != 0 || (!events.isFinished() && eventsFault.isEmpty())) {
            return new CellVerdict(
                    CellOutcome.CRASHED,
                    Problem.text(
                            "The JVM ended with " + exit(end.exitCode())
                                    + (events.isFinished() ? " after the last test" : whileRunning)
                                    + lastError(folder),
                            logs),
                    running,
                    notes);
        }
        if (eventsFault.isPresent() || figuresFault.isPresent()) {
            return new CellVerdict(
                    CellOutcome.GARBLED,
                    Problem.text(
                            eventsFault.or(() -> figuresFault).orElseThrow(),
                            "a test that writes into the cell's files, or a full disk"),
                    null,
                    notes);
        }
        if (events.tests().isEmpty()) {
            return new CellVerdict(
                    CellOutcome.NO_TESTS, Problem.text("No test was selected", selection(cell.suite())), null, notes);
        }
        return new CellVerdict(CellOutcome.COMPLETED, "", null, notes);
    }

    private static String exit(int code) {
        String signal = SIGNALS.get(code - FIRST_SIGNAL);
        return "exit code " + code + (signal == null ? "" : " (" + signal + ")");
    }

    /** The last line of standard error, where a JVM that cannot start its tests says why. */
    private static String lastError(Path folder) throws IOException {
        List<String> lines = text(folder.resolve(CellFolder.STDERR))
                .lines()
                .filter(line -> !line.isBlank() && !line.startsWith("\tat "))
                .toList();
        return lines.isEmpty()
                ? ""
                : "; its last words: " + lines.get(lines.size() - 1).strip();
    }

    private static String text(Path file) throws IOException {
        return Files.exists(file) ? new String(Files.readAllBytes(file), StandardCharsets.UTF_8) : "";
    }

    private static String selection(Suite suite) {
        return suite.selected().isEmpty()
                        && suite.includedTags().isEmpty()
                        && suite.excludedTags().isEmpty()
                ? "classes whose names end with Test, or --select"
                : "other names in --select, or other tags";
    }
}
