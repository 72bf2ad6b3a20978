package io.modelassay.cli;

import io.modelassay.matrix.LibraryMatrix;
import io.modelassay.matrix.result.MatrixResult;
import io.modelassay.matrix.spark.SparkRunner;
import io.modelassay.report.ProgressLine;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the cells of a matrix run, as options of a verb. */
final class MatrixPlace {
    @Option(
            names = "--spark",
            paramLabel = "MASTER",
            description = {
                "Run the cells on Apache Spark, such as spark://HOST:7077 or yarn, not on this machine. Its jars must",
                "be on the class path, and the folders of report and suites on storage that all workers share."
            })
    private @Nullable String master;

    /** Runs a matrix and writes its report. */
    MatrixResult run(LibraryMatrix matrix, Path report, ProgressLine progress) {
        return master == null
                ? matrix.run(report, progress)
                : new SparkRunner(master).run(matrix.plan(), report, progress);
    }
}
