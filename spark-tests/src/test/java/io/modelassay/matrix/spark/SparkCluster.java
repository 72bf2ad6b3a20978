package io.modelassay.matrix.spark;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.launcher.JavaModuleOptions;

/** Spark's standalone Master and two Workers on loopback, from this JVM's class path. Each Worker claims to have a GPU. */
final class SparkCluster implements AutoCloseable {
    static final String GPU = "7";

    private static final String LOOPBACK = "127.0.0.1";

    private final Path folder;
    private final int port;
    private final Process master;
    private final List<Process> workers = new ArrayList<>();

    private SparkCluster(Path folder) throws IOException, InterruptedException {
        this.folder = folder;
        // A Worker wants Spark's folder of jars for executors; these have them from the class path of whoever asks.
        Files.createDirectories(folder.resolve("jars"));
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getByName(LOOPBACK))) {
            port = free.getLocalPort();
        }
        master = java(
                "master",
                List.of(),
                "org.apache.spark.deploy.master.Master",
                "--host",
                LOOPBACK,
                "--port",
                Integer.toString(port),
                "--webui-port",
                "0");
        awaitMaster();
        Path script = Files.writeString(
                folder.resolve("gpus.sh"), "#!/bin/sh\necho '{\"name\": \"gpu\", \"addresses\": [\"" + GPU + "\"]}'\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        for (int i = 0; i < 2; i++) {
            workers.add(java(
                    "worker" + i,
                    List.of(
                            "-Dspark.worker.resource.gpu.amount=1",
                            "-Dspark.worker.resource.gpu.discoveryScript=" + script),
                    "org.apache.spark.deploy.worker.Worker",
                    "--host",
                    LOOPBACK,
                    "--webui-port",
                    "0",
                    "--cores",
                    "2",
                    "--memory",
                    "1g",
                    "--work-dir",
                    folder.resolve("work" + i).toString(),
                    master()));
        }
    }

    static SparkCluster start(Path folder) throws IOException, InterruptedException {
        return new SparkCluster(folder);
    }

    String master() {
        return "spark://" + LOOPBACK + ":" + port;
    }

    /** A JVM with this one's class path and what Spark needs opened. */
    Process java(String name, List<String> options, String mainClass, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx512m");
        command.addAll(List.of(JavaModuleOptions.defaultModuleOptionArray()));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".log").toFile());
        builder.environment().put("SPARK_HOME", folder.toString());
        builder.environment().put("SPARK_SCALA_VERSION", "2.13");
        builder.environment().put("SPARK_LOCAL_IP", LOOPBACK);
        return builder.start();
    }

    private void awaitMaster() throws InterruptedException, IOException {
        for (int i = 0; i < 600; i++) {
            try (Socket socket = new Socket(LOOPBACK, port)) {
                return;
            } catch (IOException e) {
                Thread.sleep(100);
            }
        }
        throw new IOException("Spark's Master does not listen:\n" + Files.readString(folder.resolve("master.log")));
    }

    /** Kills the Worker that {@code process} runs under, and its executors, but not that. */
    void killWorkerOf(ProcessHandle process) {
        Process worker = workers.stream()
                .filter(one -> one.descendants().anyMatch(process::equals))
                .findFirst()
                .orElseThrow(() -> new AssertionError(process + " runs under no Worker"));
        List<ProcessHandle> executors = worker.children().toList();
        worker.destroyForcibly();
        executors.forEach(ProcessHandle::destroyForcibly);
    }

    @Override
    public void close() {
        Stream.concat(workers.stream(), Stream.of(master))
                .flatMap(process -> Stream.concat(process.descendants(), Stream.of(process.toHandle())))
                .toList()
                .forEach(ProcessHandle::destroyForcibly);
    }
}
