package io.modelassay.matrix.spark;

import io.modelassay.matrix.Cell;
import io.modelassay.matrix.MatrixPlan;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import org.apache.spark.SparkConf;

/** Spark's settings for a plan: an executor runs one cell at a time, and its share of a worker holds that cell's memory. */
final class SparkSettings {
    /** Heap of an executor, which starts a JVM and waits for it. */
    private static final long EXECUTOR_BYTES = 512L << 20;

    private static final String CORES = "spark.executor.cores";
    private static final String GPUS = "spark.executor.resource.gpu.amount";
    private static final int MIB = 20;

    private SparkSettings() {}

    /** Those of the system properties {@code spark.…}, and the plan's where they say nothing. */
    static SparkConf of(String master, MatrixPlan plan) {
        SparkConf settings = new SparkConf().setMaster(master);
        settings.setIfMissing("spark.app.name", "modelassay matrix");
        settings.setIfMissing("spark.log.level", "WARN");
        settings.setIfMissing(CORES, "1");
        settings.set("spark.task.cpus", settings.get(CORES));
        // A cell's JVM is the executor's child, so its memory is asked for as the executor's.
        long cell = plan.cells().stream()
                .mapToLong(one -> one.settings().memoryBytes())
                .max()
                .orElse(0);
        settings.setIfMissing("spark.executor.memory", ((EXECUTOR_BYTES + cell) >> MIB) + "m");
        if (plan.cells().stream().anyMatch(Cell::gpu)) {
            settings.setIfMissing(GPUS, "1");
            settings.set("spark.task.resource.gpu.amount", settings.get(GPUS));
        }
        Path own = ownPlace();
        if (Files.isRegularFile(own)) {
            settings.setIfMissing("spark.jars", own.toString());
        }
        return settings;
    }

    private static Path ownPlace() {
        CodeSource source = SparkSettings.class.getProtectionDomain().getCodeSource();
        try {
            return Path.of(source.getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("ModelAssay's own place is no path: " + source.getLocation(), e);
        }
    }
}
