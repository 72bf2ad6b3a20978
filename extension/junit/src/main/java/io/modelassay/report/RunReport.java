package io.modelassay.report;

import io.modelassay.evaluation.Comparison;
import io.modelassay.evaluation.Figure;
import io.modelassay.evaluation.Recorder;
import io.modelassay.evaluation.Subject;
import io.modelassay.report.Results.Check;
import io.modelassay.report.Results.Compared;
import io.modelassay.report.Results.Part;
import io.modelassay.report.Results.Test;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * The report of a test run: every comparison, check and test outcome, as {@code results.json} and as one self-contained
 * page {@code index.html}.
 *
 * <p>Any number of test JVMs of one run may write into one folder: each leaves its part, and whoever writes merges the
 * parts that are there, so the last one leaves the whole. Parts of earlier runs are removed. Safe for use by several
 * threads.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class RunReport implements Recorder {
    /** System property that names the report's folder. */
    public static final String FOLDER_PROPERTY = "modelassay.report";

    /** The report's folder unless {@link #FOLDER_PROPERTY} names another: {@value}, in the module's folder. */
    public static final String DEFAULT_FOLDER = "target/modelassay/report";

    /**
     * System property that names the run, for launchers that outlive one, such as a Gradle daemon. Test JVMs of equal names
     * share a report. By default a run is everything that one launching process, such as Maven, starts.
     */
    public static final String RUN_PROPERTY = "modelassay.report.run";

    private static final Set<String> OUTCOMES = Set.of("passed", "failed", "aborted", "skipped");

    private final Path folder;
    private final String run;
    private final String process;
    private final Instant started = Instant.now();
    private final Set<Compared> comparisons = new LinkedHashSet<>();
    private final Set<Check> checks = new LinkedHashSet<>();
    private final Map<String, Test> tests = new LinkedHashMap<>();
    private final Map<String, Subject> models = new TreeMap<>();
    private SortedSet<String> baselinesRecorded = new TreeSet<>();
    private SortedSet<String> baselinesUsed = new TreeSet<>();
    private @Nullable Results merged;

    private RunReport(Path folder, String run, String process) {
        this.folder = folder;
        this.run = run;
        this.process = process;
    }

    /** The report in the folder that {@link #FOLDER_PROPERTY} names, or in {@link #DEFAULT_FOLDER}. */
    public static RunReport standard() {
        return in(Path.of(System.getProperty(FOLDER_PROPERTY, DEFAULT_FOLDER)));
    }

    /** The report in {@code folder}, which is made when something is written. */
    public static RunReport in(Path folder) {
        return new RunReport(folder, RunId.current(), RunId.own());
    }

    /** A report as another process would write it. */
    static RunReport of(Path folder, String run, String process) {
        return new RunReport(folder, run, process);
    }

    @Override
    public synchronized void compared(Subject model, String text, Comparison comparison) {
        models.putIfAbsent(model.name(), model);
        comparisons.add(Compared.of(model, text, comparison));
    }

    @Override
    public synchronized void checked(Figure figure) {
        models.putIfAbsent(figure.subject().name(), figure.subject());
        checks.add(Check.of(figure));
    }

    /**
     * A test has ended. Of several ends under one name the last counts.
     *
     * @param testName class and method, and what tells repetitions apart
     * @param outcome {@code passed}, {@code failed}, {@code aborted} or {@code skipped}
     * @param message why, where it did not pass; may be empty
     * @throws IllegalArgumentException for another outcome
     */
    public synchronized void tested(String testName, String outcome, String message) {
        if (!OUTCOMES.contains(outcome)) {
            throw new IllegalArgumentException("A test has passed, failed, aborted or skipped, not " + outcome);
        }
        tests.put(testName, new Test(testName, outcome, message));
    }

    /**
     * Which baselines there are, and which a test of this JVM has asked for.
     *
     * @param recorded ids of the files
     * @param used ids that were asked for
     */
    public synchronized void baselines(SortedSet<String> recorded, SortedSet<String> used) {
        baselinesRecorded = new TreeSet<>(recorded);
        baselinesUsed = new TreeSet<>(used);
    }

    /** Whether nothing has been recorded, so that there is nothing to write. */
    public synchronized boolean isEmpty() {
        return comparisons.isEmpty() && checks.isEmpty() && tests.isEmpty();
    }

    /**
     * Writes this JVM's part, merges it with the parts of the run's other JVMs, and writes {@code results.json} and
     * {@code index.html} anew; each file appears whole or not at all. May be called again.
     *
     * @return {@code index.html}
     * @throws java.io.UncheckedIOException if the folder cannot be written
     */
    public synchronized Path write() {
        ReportFolder files = new ReportFolder(folder, run);
        Results results = files.write(part());
        merged = results;
        return files.page();
    }

    private Part part() {
        return new Part(
                run,
                process,
                started.truncatedTo(ChronoUnit.MILLIS).toString(),
                Instant.now().truncatedTo(ChronoUnit.MILLIS).toString(),
                List.copyOf(comparisons),
                List.copyOf(checks),
                List.copyOf(tests.values()),
                List.copyOf(baselinesRecorded),
                List.copyOf(baselinesUsed),
                List.copyOf(models.values()));
    }

    /**
     * A few plain lines for the console: counts, the worst drift, the checks that do not hold, and where the report is.
     * Of the whole run as of the last {@link #write}; of this JVM before it.
     */
    public synchronized List<String> summary() {
        Results results = Optional.ofNullable(merged).orElseGet(() -> ResultsMerger.merge(run, List.of(part())));
        List<String> lines = new ArrayList<>(ConsoleSummary.of(results));
        if (merged != null) {
            lines.add("  report "
                    + folder.resolve(ReportFolder.PAGE).toAbsolutePath().normalize());
        }
        return List.copyOf(lines);
    }
}
