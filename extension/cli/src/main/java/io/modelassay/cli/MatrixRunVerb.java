package io.modelassay.cli;

import io.modelassay.report.ProgressLine;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Plans, runs and compares. */
@Command(name = "run", description = "Run the cells that have no result yet, and compare.")
final class MatrixRunVerb extends Verb {
    @Mixin
    private MatrixOptions options = new MatrixOptions();

    @Mixin
    private MatrixPlace place = new MatrixPlace();

    @Option(names = "--report", paramLabel = "FOLDER", required = true, description = "Where plan and results lie.")
    private Path report = Path.of("");

    @Override
    Outcome run(ProgressLine progress) {
        return MatrixVerb.run(options.matrix(this), place, report, progress);
    }
}
