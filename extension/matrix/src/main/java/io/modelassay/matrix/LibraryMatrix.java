package io.modelassay.matrix;

import io.modelassay.matrix.result.MatrixResult;
import io.modelassay.runtime.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Repeats test suites over library stacks, each in a JVM of its own.
 *
 * <pre>{@code
 * LibraryMatrix.of(Suite.ofModule(Path.of("."))).stack("djl", "0.32.0").stack("djl", "0.35.1").baseline("0.35.1")
 *         .run(Path.of("target/matrix"));
 * }</pre>
 */
@API(status = API.Status.EXPERIMENTAL)
public final class LibraryMatrix {
    private static final double SHARE_OF_AVAILABLE = 0.75;

    private final List<Suite> suites = new ArrayList<>();
    private final List<Stack> stacks = new ArrayList<>();
    private CellSettings settings = CellSettings.DEFAULT;
    private String baseline = "";
    private int parallel = 1;
    private @Nullable Long budget;

    private LibraryMatrix(Suite suite) {
        suites.add(suite);
    }

    /** A matrix of one suite. */
    public static LibraryMatrix of(Suite suite) {
        return new LibraryMatrix(suite);
    }

    /** A matrix of the tests of a Maven module. */
    public static LibraryMatrix of(Path moduleFolder) {
        return of(Suite.ofModule(moduleFolder));
    }

    /** One more suite. */
    public LibraryMatrix suite(Suite suite) {
        suites.add(suite);
        return this;
    }

    /** One more stack: one library at one version, as {@link Stack#of} reads it. */
    public LibraryMatrix stack(String axis, String version) {
        return stack(Stack.of(axis, version));
    }

    /** One more stack, as {@link Stack#parse} reads it. */
    public LibraryMatrix stack(String spec) {
        return stack(Stack.parse(spec));
    }

    /** One more stack. */
    public LibraryMatrix stack(Stack stack) {
        stacks.add(stack);
        return this;
    }

    /** The stack that others are compared with, by its name or its only version; by default the first. */
    public LibraryMatrix baseline(String nameOrVersion) {
        baseline = nameOrVersion;
        return this;
    }

    /** How every cell runs. */
    public LibraryMatrix settings(CellSettings cellSettings) {
        settings = cellSettings;
        return this;
    }

    /** How many cells may run at once; 1 unless set, as two that compute share the cores. */
    public LibraryMatrix parallel(int cells) {
        if (cells < 1) {
            throw new MatrixException(MatrixProblem.INVALID_LIMIT, cells + " cells at once run nothing", "1 or more");
        }
        parallel = cells;
        return this;
    }

    /** Bytes that the limits of all cells running at once may have together; 3/4 of what is available unless set. */
    public LibraryMatrix memoryBudget(long bytes) {
        budget = bytes;
        return this;
    }

    /** What would run. */
    public MatrixPlan plan() {
        return MatrixPlan.of(suites, stacks, baseline, settings);
    }

    /** Runs the cells that have no result in {@code report} yet, compares them, and writes the report. */
    public MatrixResult run(Path report) {
        return run(report, Progress.SILENT);
    }

    /** Runs the cells that have no result in {@code report} yet, telling how far it has come, and writes the report. */
    public MatrixResult run(Path report, Progress progress) {
        MatrixPlan plan = plan();
        plan.write(report);
        long bytes = budget == null
                ? Math.max(settings.memoryBytes(), (long) (SHARE_OF_AVAILABLE * ResidentMemory.available()))
                : budget;
        new LocalRunner(parallel, bytes).run(plan, report, progress);
        MatrixResult result = plan.result(report);
        result.writeTo(report);
        return result;
    }
}
