package io.modelassay.matrix;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.RepositorySystemSession;
import org.eclipse.aether.RepositorySystemSession.CloseableSession;
import org.eclipse.aether.RepositorySystemSession.SessionBuilder;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.collection.CollectRequest;
import org.eclipse.aether.collection.DependencyCollectionContext;
import org.eclipse.aether.collection.DependencyManagement;
import org.eclipse.aether.collection.DependencyManager;
import org.eclipse.aether.graph.Dependency;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.resolution.ArtifactDescriptorException;
import org.eclipse.aether.resolution.ArtifactDescriptorRequest;
import org.eclipse.aether.resolution.ArtifactDescriptorResult;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;
import org.eclipse.aether.resolution.ArtifactResult;
import org.eclipse.aether.resolution.DependencyRequest;
import org.eclipse.aether.resolution.DependencyResolutionException;
import org.eclipse.aether.supplier.RepositorySystemSupplier;
import org.eclipse.aether.supplier.SessionBuilderSupplier;
import org.jspecify.annotations.Nullable;

/** Artifacts from Maven repositories; the only class that asks them. */
final class MavenResolver implements AutoCloseable {
    private final MavenSettings settings = MavenSettings.read();
    private final RepositorySystem system = new RepositorySystemSupplier().get();
    private final boolean offline;

    MavenResolver(boolean offline) {
        this.offline = offline || settings.offline();
    }

    @Override
    public void close() {
        system.shutdown();
    }

    /** The test class path of a module's dependencies, with the stack's versions in the place of all others. */
    List<Artifact> dependencies(MavenModules modules, Stack stack) throws UnresolvableException {
        SessionBuilderSupplier supplier = new SessionBuilderSupplier(system) {
            @Override
            protected DependencyManager getDependencyManager() {
                return new StackVersions(stack, super.getDependencyManager());
            }
        };
        try (CloseableSession session =
                session(supplier).setWorkspaceReader(modules).build()) {
            ArtifactDescriptorResult module = system.readArtifactDescriptor(
                    session, new ArtifactDescriptorRequest(modules.suiteArtifact(), repositories(session), ""));
            CollectRequest collect = new CollectRequest();
            collect.setRootArtifact(module.getArtifact());
            collect.setRepositories(system.newResolutionRepositories(session, module.getRepositories()));
            collect.setManagedDependencies(module.getManagedDependencies());
            for (Dependency dependency : module.getDependencies()) {
                Artifact artifact = dependency.getArtifact();
                collect.addDependency(dependency.setArtifact(
                        versionOf(stack, artifact).map(artifact::setVersion).orElse(artifact)));
            }
            for (RemoteRepository repository : repositories(session)) {
                collect.addRepository(repository);
            }
            return system
                    .resolveDependencies(session, new DependencyRequest(collect, null))
                    .getArtifactResults()
                    .stream()
                    .map(ArtifactResult::getArtifact)
                    .toList();
        } catch (ArtifactDescriptorException e) {
            throw new MatrixException(
                    MatrixProblem.INVALID_SUITE,
                    "The effective model of " + modules.suite().pom() + " cannot be built: " + e.getMessage(),
                    "mvn help:effective-pom",
                    e);
        } catch (DependencyResolutionException e) {
            throw new UnresolvableException(reason(e), e);
        }
    }

    /** One artifact's file. */
    Path file(Artifact artifact) throws UnresolvableException {
        try (CloseableSession session =
                session(new SessionBuilderSupplier(system)).build()) {
            return system.resolveArtifact(session, new ArtifactRequest(artifact, repositories(session), ""))
                    .getArtifact()
                    .getPath();
        } catch (ArtifactResolutionException e) {
            throw new UnresolvableException(reason(e), e);
        }
    }

    private SessionBuilder session(SessionBuilderSupplier supplier) {
        SessionBuilder session = supplier.get()
                .withLocalRepositoryBaseDirectories(settings.localRepository())
                .setOffline(offline)
                .setSystemProperties(System.getProperties());
        settings.configure(session);
        return session;
    }

    private List<RemoteRepository> repositories(RepositorySystemSession session) {
        return system.newResolutionRepositories(session, settings.repositories());
    }

    /** Which artifact is missing and where it was looked for: the outermost message that says so, else the innermost. */
    private static String reason(Throwable failure) {
        String innermost = "";
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            if (message.contains("could not be resolved")) {
                return message;
            }
            innermost = message;
        }
        return innermost;
    }

    static Optional<String> versionOf(Stack stack, Artifact artifact) {
        return stack.versionOf(artifact.getGroupId(), artifact.getArtifactId(), artifact.getClassifier());
    }

    /** Versions of a stack over those that the poms manage, at every depth. */
    private record StackVersions(Stack stack, DependencyManager own) implements DependencyManager {
        @Override
        public @Nullable DependencyManagement manageDependency(Dependency dependency) {
            DependencyManagement managed = own.manageDependency(dependency);
            return versionOf(stack, dependency.getArtifact())
                    .map(version -> (managed == null ? new DependencyManagement() : managed).setVersion(version))
                    .orElse(managed);
        }

        @Override
        public DependencyManager deriveChildManager(DependencyCollectionContext context) {
            return new StackVersions(stack, own.deriveChildManager(context));
        }
    }
}
