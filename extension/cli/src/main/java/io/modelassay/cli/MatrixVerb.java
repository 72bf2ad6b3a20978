package io.modelassay.cli;

import io.modelassay.matrix.LibraryMatrix;
import io.modelassay.matrix.result.MatrixResult;
import io.modelassay.report.ProgressLine;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A test suite under several library stacks; without a verb of its own it runs. */
@Command(
        name = "matrix",
        description = "Repeat a test suite over library stacks, each in a JVM of its own, and compare.",
        subcommands = {MatrixRunVerb.class, MatrixPlanVerb.class, MatrixCellVerb.class, MatrixMergeVerb.class})
final class MatrixVerb extends Verb {
    @Mixin
    private MatrixOptions options = new MatrixOptions();

    @Mixin
    private MatrixPlace place = new MatrixPlace();

    @Option(names = "--report", paramLabel = "FOLDER", description = "Where plan and results lie.")
    private @Nullable Path report;

    @Override
    Outcome run(ProgressLine progress) {
        if (report == null) {
            throw misused("--report: a matrix leaves its results in a folder");
        }
        return run(options.matrix(this), place, report, progress);
    }

    static Outcome run(LibraryMatrix matrix, MatrixPlace place, Path report, ProgressLine progress) {
        MatrixResult result = place.run(matrix, report, progress);
        return MatrixReport.of(result, report.resolve("index.html"));
    }
}
