package main

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

// What OpenShift's cluster-policy-controller gives every namespace: a block of user ids, the same block of
// supplemental groups, and a pair of SELinux categories. Annotations that are there already are kept.
const (
	uidAnnotation    = "openshift.io/sa.scc.uid-range"
	groupsAnnotation = "openshift.io/sa.scc.supplemental-groups"
	mcsAnnotation    = "openshift.io/sa.scc.mcs"
	firstUID         = 1_000_000_000
	blockSize        = 10_000
	categories       = 1024
)

func newNamespacesCommand() *cobra.Command {
	var kubeconfig string
	command := &cobra.Command{
		Use:   "openshift-namespaces",
		Short: "Gives every namespace OpenShift's ranges of user and group ids",
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			// A test suite or a large stack makes many namespaces at once; pods are refused until theirs is annotated.
			config.QPS, config.Burst = 50, 100
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			return (&namespaces{client: client, used: map[int]string{}}).run(command.Context())
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "path of the kubeconfig")
	return command
}

type namespaces struct {
	client kubernetes.Interface
	// used maps the number of a block to the namespace that has it. Only the one worker reads and writes it.
	used map[int]string
}

func (n *namespaces) run(ctx context.Context) error {
	factory := informers.NewSharedInformerFactory(n.client, 10*time.Minute)
	informer := factory.Core().V1().Namespaces()
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[string](50*time.Millisecond, 5*time.Second))
	defer queue.ShutDown()
	enqueue := func(object any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
			queue.Add(key)
		}
	}
	if _, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: enqueue, UpdateFunc: func(_, object any) { enqueue(object) }, DeleteFunc: enqueue,
	}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.Informer().HasSynced) {
		return ctx.Err()
	}
	// Blocks that are in use are known before the first one is given away.
	for _, object := range informer.Informer().GetStore().List() {
		n.remember(object.(*corev1.Namespace))
	}
	go func() {
		<-ctx.Done()
		queue.ShutDown()
	}()
	work := func() bool {
		name, stop := queue.Get()
		if stop {
			return false
		}
		defer queue.Done(name)
		object, exists, err := informer.Informer().GetStore().GetByKey(name)
		switch {
		case err != nil:
		case !exists:
			n.forget(name)
		default:
			err = n.annotate(ctx, object.(*corev1.Namespace))
		}
		if err != nil {
			klog.ErrorS(err, "namespace", "name", name)
			queue.AddRateLimited(name)
		} else {
			queue.Forget(name)
		}
		return true
	}
	wait.UntilWithContext(ctx, func(context.Context) {
		for work() {
		}
	}, time.Second)
	return nil
}

func (n *namespaces) annotate(ctx context.Context, namespace *corev1.Namespace) error {
	n.remember(namespace)
	if namespace.DeletionTimestamp != nil {
		return nil
	}
	missing := map[string]string{}
	block := n.blockOf(namespace.Name)
	uids := fmt.Sprintf("%d/%d", firstUID+block*blockSize, blockSize)
	for key, value := range map[string]string{uidAnnotation: uids, groupsAnnotation: uids, mcsAnnotation: mcs(block)} {
		if namespace.Annotations[key] == "" {
			missing[key] = value
		}
	}
	if len(missing) == 0 {
		return nil
	}
	// The resource version makes the server refuse the patch where somebody else annotated it meanwhile.
	patch := fmt.Sprintf(`{"metadata":{"resourceVersion":%q,"annotations":{%s}}}`, namespace.ResourceVersion, jsonPairs(missing))
	_, err := n.client.CoreV1().Namespaces().Patch(ctx, namespace.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "openshift-namespaces"})
	return err
}

// blockOf returns the block that the namespace has, or takes the lowest free one for it.
func (n *namespaces) blockOf(name string) int {
	for block, owner := range n.used {
		if owner == name {
			return block
		}
	}
	block := 0
	for n.used[block] != "" {
		block++
	}
	n.used[block] = name
	return block
}

func (n *namespaces) remember(namespace *corev1.Namespace) {
	start, _, _ := strings.Cut(namespace.Annotations[uidAnnotation], "/")
	uid, err := strconv.Atoi(start)
	if err != nil || uid < firstUID || n.used[(uid-firstUID)/blockSize] != "" {
		return
	}
	n.forget(namespace.Name)
	n.used[(uid-firstUID)/blockSize] = namespace.Name
}

func (n *namespaces) forget(name string) {
	for block, owner := range n.used {
		if owner == name {
			delete(n.used, block)
		}
	}
}

// mcs is the block-th pair of two different categories, the greater one first, as OpenShift counts them.
func mcs(block int) string {
	block %= categories * (categories - 1) / 2
	high := sort.Search(categories, func(high int) bool { return high*(high+1)/2 > block })
	return fmt.Sprintf("s0:c%d,c%d", high, block-high*(high-1)/2)
}

func jsonPairs(values map[string]string) string {
	pairs := make([]string, 0, len(values))
	for key, value := range values {
		pairs = append(pairs, fmt.Sprintf("%q:%q", key, value))
	}
	return strings.Join(pairs, ",")
}
