package io.modelassay.matrix;

import io.modelassay.failure.Problem;
import io.modelassay.matrix.result.CellOutcome;
import io.modelassay.matrix.result.CellResult;
import io.modelassay.matrix.result.CellResult.Measurement;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apiguardian.api.API;

/** Runs a cell in a child JVM of this machine, unless it has its result already. */
@API(status = API.Status.INTERNAL)
public final class CellRunner implements AutoCloseable {
    /** The machine or the network was at fault, which the next run may find otherwise. */
    private static final Set<CellOutcome> TRIED_AGAIN = Set.of(CellOutcome.UNRESOLVABLE, CellOutcome.NOT_STARTED);

    private final Path report;
    private final ClassPaths classPaths;

    /**
     * A runner that leaves results in {@code report}.
     *
     * @param offline whether no repository is asked
     */
    public CellRunner(Path report, boolean offline) {
        this.report = report.toAbsolutePath().normalize();
        this.classPaths = ClassPaths.open(offline);
    }

    @Override
    public void close() {
        classPaths.close();
    }

    /**
     * Runs a cell.
     *
     * @throws MatrixException if its suite cannot be run in any stack
     */
    public CellResult run(Cell cell) throws InterruptedException {
        return run(cell, Map.of());
    }

    /**
     * Runs a cell with more in its environment than this JVM's own.
     *
     * @throws MatrixException if its suite cannot be run in any stack
     */
    public CellResult run(Cell cell, Map<String, String> environment) throws InterruptedException {
        try (CellFolder folder = CellFolder.lock(report, cell.id())) {
            Optional<CellResult> before = CellFolder.result(report, cell.id())
                    .filter(result -> result.digest().equals(cell.digest()) && !TRIED_AGAIN.contains(result.outcome()));
            if (before.isPresent()) {
                return before.get();
            }
            Path attempt = folder.attempt();
            CellResult result = attempt(cell, attempt, environment);
            folder.publish(attempt, result);
            return result;
        } catch (IOException e) {
            throw new UncheckedIOException("The files of the cell " + cell.id() + " in " + report, e);
        }
    }

    private CellResult attempt(Cell cell, Path folder, Map<String, String> environment)
            throws IOException, InterruptedException {
        String started = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        ResolvedClassPath classPath;
        try {
            classPath = classPaths.resolve(cell.suite(), cell.stack());
        } catch (UnresolvableException e) {
            return UnstartedCell.result(
                    cell, started, new TreeMap<>(), CellOutcome.UNRESOLVABLE, String.valueOf(e.getMessage()));
        }
        Path java = JavaHome.of(cell.stack()).command();
        if (!Files.isExecutable(java)) {
            return UnstartedCell.result(
                    cell,
                    started,
                    classPath.libraries(),
                    CellOutcome.NOT_STARTED,
                    Problem.text("There is no " + java + " to run it", "java=HOME with the folder of a JDK"));
        }
        CellProcess.End end;
        try {
            end = CellProcess.run(cell, classPath, folder, environment);
        } catch (IOException e) {
            return UnstartedCell.result(
                    cell,
                    started,
                    classPath.libraries(),
                    CellOutcome.NOT_STARTED,
                    Problem.text("The JVM cannot be started: " + e.getMessage(), java + " -version"));
        }
        EventLog events = EventLog.read(folder.resolve(CellFolder.EVENTS));
        Figures figures = Figures.read(folder.resolve(CellFolder.FIGURES));
        CellVerdict verdict = CellVerdict.of(cell, end, events, figures, folder);
        List<String> notes = new ArrayList<>(end.notes());
        notes.addAll(verdict.notes());
        return new CellResult(
                CellResult.SCHEMA,
                cell.digest(),
                cell.id(),
                cell.suite().name(),
                cell.stack().name(),
                classPath.libraries(),
                events.java(),
                verdict.outcome(),
                verdict.detail(),
                verdict.running(),
                notes,
                new Measurement(started, end.seconds(), end.peakBytes(), end.exitCode()),
                events.tests(),
                figures.comparisons(),
                figures.perplexities(),
                figures.checks(),
                figures.traces(),
                figures.models());
    }
}
